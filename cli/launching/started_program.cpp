#include "cli/launching/started_program.hpp"

#include "cli/parsing/errors.hpp"
#include "src/io/commands/running_process.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <exception>
#include <signal.h>
#include <spawn.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace quartet::cli {
namespace {

/// What posix_spawn is told: freed in any case.
class spawn_settings {
public:
    explicit spawn_settings(program_to_start const& what) {
        posix_spawnattr_init(&attributes_);
        posix_spawn_file_actions_init(&files_);
        // The program starts with no signal blocked or ignored, whatever this process does with signals.
        sigset_t none, defaults;
        sigemptyset(&none);
        sigemptyset(&defaults);
        for (int const each : {SIGINT, SIGTERM, SIGPIPE, SIGCHLD, SIGXFSZ})
            sigaddset(&defaults, each);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &defaults);
        int const group = what.own_group ? POSIX_SPAWN_SETPGROUP : 0;
        posix_spawnattr_setflags(&attributes_,
                                 static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | group));
        if (what.input >= 0) posix_spawn_file_actions_adddup2(&files_, what.input, STDIN_FILENO);
        if (what.errors >= 0) posix_spawn_file_actions_adddup2(&files_, what.errors, STDERR_FILENO);
    }
    ~spawn_settings() {
        posix_spawnattr_destroy(&attributes_);
        posix_spawn_file_actions_destroy(&files_);
    }
    spawn_settings(spawn_settings const&) = delete;
    spawn_settings& operator=(spawn_settings const&) = delete;

    posix_spawnattr_t const* attributes() const noexcept { return &attributes_; }
    posix_spawn_file_actions_t const* files() const noexcept { return &files_; }

private:
    posix_spawnattr_t attributes_{};
    posix_spawn_file_actions_t files_{};
};

/// This process's environment with some variables set.
std::vector<std::string> environment_with(std::vector<std::pair<std::string, std::string>> const& set) {
    std::vector<std::string> entries;
    auto const is_set = [&](std::string_view entry) {
        for (auto const& [name, value] : set) {
            if (entry.substr(0, entry.find('=')) == name) return true;
        }
        return false;
    };
    for (char** each = environ; *each != nullptr; ++each) {
        if (!is_set(*each)) entries.emplace_back(*each);
    }
    for (auto const& [name, value] : set)
        entries.push_back(fmt::format("{}={}", name, value));
    return entries;
}

std::vector<char*> pointers_to(std::vector<std::string> const& words) {
    std::vector<char*> pointers;
    for (auto const& each : words)
        pointers.push_back(const_cast<char*>(each.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

void signal_all(int number) noexcept {
    try {
        for (auto const& each : detail::descendants_of(::getpid()))
            detail::send_signal(each, number);
    } catch (std::exception const&) {
        // No memory or descriptors for a list now; perhaps the next time.
    }
}

bool some_are_left() noexcept {
    pid_t reaped = 0;
    while ((reaped = ::waitpid(-1, nullptr, WNOHANG)) > 0) {
    }
    return reaped == 0;
}

}  // namespace

started_program::started_program(program_to_start const& what) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    spawn_settings const settings(what);
    auto const entries = environment_with(what.environment);
    auto const words = pointers_to(what.words);
    auto const variables = pointers_to(entries);
    int const error = posix_spawnp(&id_, words.front(), settings.files(), settings.attributes(), words.data(),
                                   variables.data());
    if (error != 0) throw usage_error(fmt::format("{}: {}", what.words.front(), std::strerror(error)));
}

started_program::~started_program() {
    if (!ended_) end_all();
}

void started_program::end_all() noexcept {
    using namespace std::chrono_literals;
    constexpr auto grace = 1s;
    constexpr auto patience = 2s;
    signal_all(SIGTERM);
    auto const asked = std::chrono::steady_clock::now();
    while (some_are_left()) {
        auto const waited = std::chrono::steady_clock::now() - asked;
        if (waited > grace + patience) return;
        if (waited > grace) signal_all(SIGKILL);
        std::this_thread::sleep_for(5ms);
    }
}

}  // namespace quartet::cli
