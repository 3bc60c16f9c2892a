// tests/faults/checks.hpp
//
// What the fault tests look at: outcomes, descriptors, processes, memory. Each check is itself tested on
// something that it must not let pass (checks_test.cpp).
#pragma once

#include "tests/waiting.hpp"

#include <quartet/outcome.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace quartet::faults {

/// How a worker is to have ended.
struct death {
    int signal = 0;
    int exit_code = 0;
    std::string_view words;  ///< what its message must say
};

inline testing::AssertionResult is_death(failure const& why, std::size_t index, death const& how) {
    auto const no = [&] {
        return testing::AssertionFailure()
               << "task " << why.index << ", " << to_string(why.why) << ", signal " << why.signal
               << ", exit code " << why.exit_code << ", '" << why.message << "': ";
    };
    if (why.why != cause::worker_died) return no() << "no worker died";
    if (why.index != index) return no() << "not task " << index;
    if (why.signal != how.signal || why.exit_code != how.exit_code) return no() << "not by that end";
    if (why.message.find(how.words) == std::string::npos)
        return no() << "the message does not say '" << how.words << "'";
    if (!why.worker.starts_with("processes-"))
        return no() << "the worker '" << why.worker << "' is not named";
    if (why.message.find(why.worker) == std::string::npos)
        return no() << "the message does not name the worker";
    return testing::AssertionSuccess();
}

/// A failure that says the system's words and the path or URL that they are about.
inline testing::AssertionResult tells(failure const& why, std::string_view words, std::string_view about) {
    if (why.why == cause::threw && why.message.find(words) != std::string::npos &&
        why.message.find(about) != std::string::npos)
        return testing::AssertionSuccess();
    return testing::AssertionFailure() << to_string(why.why) << ": '" << why.message << "' does not say '"
                                       << words << "' about '" << about << "'";
}

inline std::size_t open_descriptors() {
    std::size_t count = 0;
    for ([[maybe_unused]] auto const& each : std::filesystem::directory_iterator("/proc/self/fd"))
        ++count;
    return count;  // one too many each time: the folder's own
}

/// How much memory this process shares with others, in pieces: heaps, rings and arrays.
inline std::size_t shared_mappings() {
    std::size_t count = 0;
    std::ifstream file("/proc/self/maps");
    for (std::string where, access, rest; file >> where >> access && std::getline(file, rest);)
        count += access.ends_with('s');
    return count;
}

/// How many pieces of memory of that name this process has mapped.
inline std::size_t mappings_of(std::string const& name) {
    std::size_t count = 0;
    std::ifstream file("/proc/self/maps");
    for (std::string line; std::getline(file, line);)
        count += line.find("memfd:" + name) != line.npos;
    return count;
}

/// A line of /proc/self/status, in its own unit (kB, or a plain number).
inline std::size_t status(std::string_view key) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(key) && line[key.size()] == ':') return std::stoul(line.substr(key.size() + 1));
    }
    return 0;
}

/// The threads of this process, without those that the kernel keeps for io_uring a while longer.
inline std::size_t own_threads() {
    std::size_t count = 0;
    for (auto const& thread : std::filesystem::directory_iterator("/proc/self/task")) {
        std::string name;
        std::ifstream(thread.path() / "comm") >> name;
        if (!name.starts_with("iou-")) ++count;
    }
    return count;
}

/// Threads that others have left behind may end meanwhile, and one that was joined may be listed for a moment
/// longer.
inline testing::AssertionResult are_no_more_threads_than(std::size_t most) {
    std::size_t now = 0;
    if (test::comes_true([&] { return (now = own_threads()) <= most; })) return testing::AssertionSuccess();
    return testing::AssertionFailure() << now << " threads, and not " << most;
}

/// The processes whose parent is `process`, zombies too.
inline std::vector<pid_t> children_of(pid_t process) {
    std::vector<pid_t> children;
    for (auto const& thread :
         std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
        std::ifstream file(thread.path() / "children");
        for (pid_t child = 0; file >> child;)
            children.push_back(child);
    }
    return children;
}

/// Whether a process runs; a zombie that nobody has reaped does not.
inline bool runs(pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string text;
    if (!std::getline(file, text)) return false;
    auto const after_name = text.rfind(')');  // a name may hold anything
    return after_name != text.npos && text[after_name + 2] != 'Z' && text[after_name + 2] != 'X';
}

}  // namespace quartet::faults
