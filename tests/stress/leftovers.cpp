#include "tests/stress/leftovers.hpp"

#include "tests/faults/checks.hpp"
#include "tests/sanitized.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>
#include <unistd.h>

namespace quartet::stress {
namespace {

using namespace std::chrono_literals;

// Arenas and stacks that glibc keeps for later threads.
constexpr std::size_t usual_growth = 160;

std::map<std::string, std::size_t> open_descriptors() {
    std::map<std::string, std::size_t> found;
    for (auto const& each : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        auto const target = std::filesystem::read_symlink(each.path(), gone).native();
        if (gone) continue;
        ++found[target.substr(0, target.find_first_of('[') == 0 ? target.npos : target.find(":["))];
    }
    return found;
}

struct process_line {
    pid_t process;
    char state;
    pid_t group;
    std::string name;
};

std::optional<process_line> read_process(std::filesystem::path const& folder) {
    std::ifstream file(folder / "stat");
    std::string text;
    if (!std::getline(file, text)) return std::nullopt;
    auto const open = text.find('(');
    auto const close = text.rfind(')');
    process_line line{.process = static_cast<pid_t>(std::stol(text)),
                      .state = text[close + 2],
                      .group = 0,
                      .name = text.substr(open + 1, close - open - 1)};
    pid_t parent = 0;
    std::string rest = text.substr(close + 3);
    if (std::sscanf(rest.c_str(), "%d %d", &parent, &line.group) != 2) return std::nullopt;
    return line;
}

std::vector<std::string> related_processes() {
    std::vector<std::string> found;
    auto const children = faults::children_of(getpid());
    for (auto const& each : std::filesystem::directory_iterator("/proc")) {
        auto const name = each.path().filename().native();
        if (name.find_first_not_of("0123456789") != name.npos) continue;
        auto const line = read_process(each.path());
        if (!line || line->process == getpid()) continue;
        bool const is_child = std::ranges::find(children, line->process) != children.end();
        bool const is_alive_relative = line->group == getpgrp() && line->state != 'Z' && line->state != 'X';
        if (is_child || is_alive_relative)
            found.push_back(fmt::format("{} {} ({}{})", line->process, line->name, line->state,
                                        is_child ? ", a child" : ""));
    }
    return found;
}

std::size_t count_mappings() {
    std::ifstream file("/proc/self/maps");
    std::size_t count = 0;
    for (std::string line; std::getline(file, line);)
        ++count;
    return count;
}

/// What is amiss, as sentences.
std::vector<std::string> surplus(belongings const& before, belongings const& now) {
    std::vector<std::string> found;
    for (auto const& [target, count] : now.descriptors) {
        auto const had = before.descriptors.find(target);
        std::size_t const then = had == before.descriptors.end() ? 0 : had->second;
        if (count > then)
            found.push_back(fmt::format("{} descriptors of {} are left, {} before", count, target, then));
    }
    if (now.shared_mappings > before.shared_mappings)
        found.push_back(fmt::format("{} shared mappings are left, {} before", now.shared_mappings,
                                    before.shared_mappings));
    // A sanitizer maps what it has to remember.
    if (!test::sanitized && now.mappings > before.mappings + usual_growth)
        found.push_back(fmt::format("{} mappings are left, {} before", now.mappings, before.mappings));
    if (now.threads > before.threads)
        found.push_back(fmt::format("{} threads are left, {} before", now.threads, before.threads));
    for (auto const& process : now.processes)
        found.push_back("a process is left: " + process);
    return found;
}

}  // namespace

belongings belongings::now() {
    return {.descriptors = open_descriptors(),
            .mappings = count_mappings(),
            .shared_mappings = faults::shared_mappings(),
            .threads = faults::own_threads(),
            .processes = related_processes()};
}

void check_leftovers(belongings const& before, fault_list& to) {
    auto const deadline = std::chrono::steady_clock::now() + 30s;
    auto left = surplus(before, belongings::now());
    // To look costs the kernel some milliseconds, so what does not go soon is looked for less and less often.
    for (auto pause = 5ms; !left.empty() && std::chrono::steady_clock::now() < deadline;
         pause = std::min(2 * pause, 1000ms)) {
        std::this_thread::sleep_for(pause);
        left = surplus(before, belongings::now());
    }
    for (auto const& each : left)
        to.add(each);
}

}  // namespace quartet::stress
