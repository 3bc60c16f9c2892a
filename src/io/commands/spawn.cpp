#include "src/io/commands/spawn.hpp"

#include "src/base/descriptor.hpp"
#include "src/base/forking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <new>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {
namespace {

void throw_if(int error) {
    if (error != 0) throw std::system_error(error, std::generic_category());
}

/// A stream's source, by a number that is none of the standard streams'. In a process that has closed those
/// a new descriptor gets one of their numbers, and then one stream is put over the next one's source.
class above_standard {
public:
    explicit above_standard(int source) : number_(source) {
        if (source > STDERR_FILENO) return;
        copy_ = descriptor(fcntl(source, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
        if (copy_.get() < 0) throw_if(errno);
        number_ = copy_.get();
    }
    int get() const noexcept { return number_; }

private:
    int number_;
    descriptor copy_;
};

/// What happens in the child before it becomes the program.
class spawn_plan {
public:
    spawn_plan() {
        throw_if(posix_spawn_file_actions_init(&actions_));
        if (int const error = posix_spawnattr_init(&attributes_)) {
            posix_spawn_file_actions_destroy(&actions_);
            throw_if(error);
        }
    }
    ~spawn_plan() {
        posix_spawnattr_destroy(&attributes_);
        posix_spawn_file_actions_destroy(&actions_);
    }
    spawn_plan(spawn_plan const&) = delete;
    spawn_plan& operator=(spawn_plan const&) = delete;

    /// Workers ignore SIGINT, and a program's threads may block what they like; an ignored or blocked signal
    /// stays so over exec, and a program that can't be interrupted is not what anybody asked for.
    /// But what interrupts nothing stays ignored.
    void give_usual_signals(bool own_session) {
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        for (int const number : signals_that_stay_ignored)
            sigdelset(&all, number);
        throw_if(posix_spawnattr_setsigmask(&attributes_, &none));
        throw_if(posix_spawnattr_setsigdefault(&attributes_, &all));
        int const session = own_session ? POSIX_SPAWN_SETSID : 0;
        throw_if(posix_spawnattr_setflags(
            &attributes_, static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | session)));
    }

    void give_streams(standard_streams const& streams) {
        throw_if(posix_spawn_file_actions_adddup2(&actions_, streams.input, STDIN_FILENO));
        throw_if(posix_spawn_file_actions_adddup2(&actions_, streams.output, STDOUT_FILENO));
        throw_if(posix_spawn_file_actions_adddup2(&actions_, streams.errors, STDERR_FILENO));
        // Not everybody opens with O_CLOEXEC.
        throw_if(posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1));
    }

    void go_to(std::filesystem::path const& directory) {
        throw_if(posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str()));
    }

    /// Gives an error number.
    int start(pid_t& process, char* const* arguments, char* const* environment) const {
        return posix_spawnp(&process, arguments[0], &actions_, &attributes_, arguments, environment);
    }

private:
    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (auto& each : texts)
        pointers.push_back(each.data());
    pointers.push_back(nullptr);
    return pointers;
}

/// This process's environment with the command's own settings in it, as NAME=value.
std::vector<std::string> environment_of(command const& what) {
    std::vector<std::string> all;
    auto const replaced = [&what](std::string_view entry) {
        auto const name = entry.substr(0, entry.find('='));
        return std::ranges::any_of(what.environment,
                                   [name](auto const& setting) { return setting.first == name; });
    };
    for (char** entry = environ; *entry; ++entry) {
        if (!replaced(*entry)) all.emplace_back(*entry);
    }
    for (auto const& [name, value] : what.environment)
        all.push_back(fmt::format("{}={}", name, value));
    return all;
}

}  // namespace

void refuse_unusable(command const& what) {
    if (what.arguments.empty() || what.arguments.front().empty())
        throw std::invalid_argument("a command without a program can't be run");
    auto const has_nul = [](std::string const& text) { return text.find('\0') != std::string::npos; };
    bool const unusable = std::ranges::any_of(what.arguments, has_nul) ||
                          std::ranges::any_of(what.environment, [&](auto const& setting) {
                              return has_nul(setting.first) || has_nul(setting.second);
                          });
    if (unusable)
        throw std::invalid_argument(fmt::format("cannot start '{}': a NUL can't stand in an argument",
                                                what.arguments.front().c_str()));
}

spawned spawn(command const& what, standard_streams const& streams) {
    above_standard const input(streams.input);
    above_standard const output(streams.output);
    above_standard const errors(streams.errors);
    spawn_plan plan;
    plan.give_usual_signals(what.own_session);
    plan.give_streams({.input = input.get(), .output = output.get(), .errors = errors.get()});
    if (!what.directory.empty()) plan.go_to(what.directory);

    auto arguments = what.arguments;
    auto environment = environment_of(what);
    auto const argument_pointers = pointers_to(arguments);
    auto const environment_pointers = pointers_to(environment);
    auto const start = [&](pid_t& process) {
        return plan.start(process, argument_pointers.data(), environment_pointers.data());
    };
    if (keeper::is_needed()) {
        auto [kept, process] = keeper::start(start);
        return {.process = process, .kept = std::move(kept)};
    }
    pid_t process = -1;
    throw_if(start(process));
    return {.process = process};
}

}  // namespace quartet::inline v0::detail
