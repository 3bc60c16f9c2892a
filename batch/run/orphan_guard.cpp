#include "batch/run/orphan_guard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace quartet::batch {

namespace {

using namespace std::chrono_literals;

// A job may be a batch itself, and then gives its own jobs the 100 ms of a command that is ended
// (src/io/commands/child_process.cpp).
constexpr auto grace = 300ms;

[[noreturn]] void refuse() {
    throw std::system_error(errno, std::generic_category(), "cannot guard the jobs of a batch");
}

/// All processes that have it in their environment, but this one. Others than our own can't be read.
std::vector<pid_t> processes_with(std::string const& setting) {
    std::vector<pid_t> found;
    std::error_code ignored;
    for (auto const& entry : std::filesystem::directory_iterator("/proc", ignored)) {
        auto const name = entry.path().filename().native();
        pid_t id = 0;
        auto const [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
        if (error != std::errc() || end != name.data() + name.size() || id == ::getpid()) continue;
        std::ifstream file(entry.path() / "environ", std::ios::binary);
        std::string const all{std::istreambuf_iterator<char>(file), {}};
        if (('\0' + all).find('\0' + setting + '\0') != std::string::npos) found.push_back(id);
    }
    return found;
}

void end_all(std::string const& setting) {
    for (pid_t const id : processes_with(setting))
        ::kill(id, SIGTERM);
    auto const end = std::chrono::steady_clock::now() + grace;
    while (!processes_with(setting).empty() && std::chrono::steady_clock::now() < end)
        std::this_thread::sleep_for(5ms);
    // One that is killed may have begun another meanwhile.
    for (int round = 0; round < 10; ++round) {
        auto const left = processes_with(setting);
        if (left.empty()) return;
        for (pid_t const id : left)
            ::kill(id, SIGKILL);
        std::this_thread::sleep_for(1ms);
    }
}

void close_all_but(int first, int second) {
    int const low = std::min(first, second);
    int const high = std::max(first, second);
    if (low > 0) close_range(0, static_cast<unsigned>(low - 1), 0);
    if (high > low + 1) close_range(static_cast<unsigned>(low + 1), static_cast<unsigned>(high - 1), 0);
    close_range(static_cast<unsigned>(high + 1), ~0U, 0);
}

[[noreturn]] void guard(int word, int kept, std::string const& setting) {
    ::setsid();  // what ends the batch by its group or terminal does not end this
    ::prctl(PR_SET_NAME, "quartet-guard");
    std::signal(SIGTERM, SIG_IGN);
    close_all_but(word, kept < 0 ? word : kept);
    char said = 0;
    ssize_t got = 0;
    do {
        got = ::read(word, &said, 1);
    } while (got < 0 && errno == EINTR);
    if (got == 0) end_all(setting);
    ::_exit(0);
}

}  // namespace

orphan_guard::orphan_guard(int kept) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) refuse();
    detail::descriptor const theirs(ends[0]);
    word_ = detail::descriptor(ends[1]);
    auto const now = std::chrono::system_clock::now().time_since_epoch().count();
    auto const value = fmt::format("{}-{}", ::getpid(), now);
    auto const setting = fmt::format("{}={}", variable, value);
    process_ = ::fork();
    if (process_ < 0) refuse();
    if (process_ == 0) guard(theirs.get(), kept, setting);
    ::setenv(std::string(variable).c_str(), value.c_str(), 1);
}

orphan_guard::~orphan_guard() {
    static_cast<void>(::write(word_.get(), "e", 1) < 0);
    word_ = detail::descriptor();
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace quartet::batch
