#include "src/base/living_process.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <string_view>
#include <sys/syscall.h>
#include <unistd.h>

namespace quartet::inline v0::detail {
namespace {

/// Field 22 of /proc/PID/stat. Without an allocation: a lock between processes is held meanwhile.
std::optional<std::uint64_t> start_of(pid_t pid) noexcept {
    std::array<char, 32> path{};
    std::snprintf(path.data(), path.size(), "/proc/%d/stat", static_cast<int>(pid));
    int const file = open(path.data(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return {};
    std::array<char, 1024> bytes{};
    ssize_t const count = read(file, bytes.data(), bytes.size());
    close(file);
    if (count <= 0) return {};
    std::string_view text(bytes.data(), static_cast<std::size_t>(count));
    auto const name_end = text.rfind(')');  // a name may hold anything
    if (name_end == text.npos) return {};
    text.remove_prefix(name_end + 1);
    for (int field = 3; field <= 22; ++field) {
        auto const space = text.find(' ');
        if (space == text.npos) return {};
        text.remove_prefix(space + 1);
    }
    std::uint64_t ticks = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), ticks);
    if (error != std::errc()) return {};
    return ticks;
}

/// By a descriptor, which also tells of one that has ended and is not waited for.
bool has_ended(pid_t pid) noexcept {
    int const process = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (process < 0) return errno == ESRCH || (kill(pid, 0) != 0 && errno == ESRCH);
    pollfd end{.fd = process, .events = POLLIN, .revents = 0};
    bool const ended = poll(&end, 1, 0) > 0;
    close(process);
    return ended;
}

}  // namespace

process_mark mark_of(pid_t process) noexcept {
    return {process, start_of(process).value_or(0)};
}

process_mark mark_of_this_process() noexcept {
    return mark_of(getpid());
}

bool is_living(process_mark const& noted) noexcept {
    if (has_ended(noted.pid)) return false;
    auto const started = start_of(noted.pid);
    return noted.started == 0 || !started || *started == noted.started;
}

}  // namespace quartet::inline v0::detail
