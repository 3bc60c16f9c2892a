#include "measure/probes/thread_activity.hpp"

#include "measure/probes/proc_files.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <poll.h>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vector>

namespace quartet::measure {
namespace {

/// A system call that a thread is in.
struct call {
    long number;
    std::array<std::uint64_t, 6> arguments;
};

/// Absent if the thread is in no system call, or if it can't be read.
std::optional<call> call_of(std::string_view text) {
    call found{};
    int const read = std::sscanf(std::string(text).c_str(), "%ld 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx",
                                 &found.number, &found.arguments[0], &found.arguments[1], &found.arguments[2],
                                 &found.arguments[3], &found.arguments[4], &found.arguments[5]);
    if (read != 7 || found.number < 0) return std::nullopt;
    return found;
}

class descriptors {
public:
    explicit descriptors(pid_t process) : process_(process) {}

    /// What waiting for this descriptor is.
    activity kind_of(int descriptor) const {
        std::array<char, 256> text{};
        auto const length =
            ::readlink(fmt::format("/proc/{}/fd/{}", process_, descriptor).c_str(), text.data(), text.size());
        if (length <= 0) return activity::other;
        std::string_view const target(text.data(), static_cast<std::size_t>(length));
        if (target.starts_with("socket:")) return kind_of_socket(target);
        if (target.starts_with("pipe:")) return activity::process;
        if (target == "anon_inode:[timerfd]") return activity::sleep;
        if (target == "anon_inode:[eventpoll]") return kind_of_epoll(descriptor);
        if (target.starts_with("anon_inode:"))
            return activity::lock;  // eventfd and the like: another thread's word
        if (target.starts_with("/dev/pts/") || target.starts_with("/dev/tty")) return activity::input;
        return activity::disk;
    }

    /// For a wait on several descriptors: what the most telling one stands for, a socket rather than a timer.
    activity kind_of_any(std::vector<int> const& several) const {
        auto best = activity::sleep;
        for (int const each : several) {
            auto const kind = kind_of(each);
            if (rank(kind) < rank(best)) best = kind;
        }
        return best;
    }

private:
    static int rank(activity what) {
        switch (what) {
            case activity::network:
                return 0;
            case activity::disk:
                return 1;
            case activity::process:
                return 2;
            case activity::input:
                return 3;
            case activity::lock:
                return 4;
            default:
                return 5;
        }
    }

    /// A Unix-domain socket leads to another process.
    activity kind_of_socket(std::string_view target) const {
        auto const open = target.find('[');
        auto const inode = target.substr(open + 1, target.size() - open - 2);
        std::ifstream sockets(fmt::format("/proc/{}/net/unix", process_));
        for (std::string line; std::getline(sockets, line);) {
            std::istringstream words(line);
            std::string word;
            for (int column = 0; column < 7; ++column)
                words >> word;
            if (word == inode) return activity::process;
        }
        return activity::network;
    }

    activity kind_of_epoll(int descriptor) const {
        std::ifstream info(fmt::format("/proc/{}/fdinfo/{}", process_, descriptor));
        std::vector<int> watched;
        for (std::string word; info >> word;) {
            int number = 0;
            if (word == "tfd:" && info >> number && number != descriptor) watched.push_back(number);
        }
        return watched.empty() ? activity::sleep : kind_of_any(watched);
    }

    pid_t process_;
};

std::vector<int> polled(pid_t process, std::uint64_t address, std::uint64_t count) {
    constexpr std::uint64_t most = 64;
    std::vector<pollfd> entries(std::min(count, most));
    iovec const here{entries.data(), entries.size() * sizeof(pollfd)};
    iovec const there{reinterpret_cast<void*>(address), here.iov_len};
    std::vector<int> found;
    if (::process_vm_readv(process, &here, 1, &there, 1, 0) != static_cast<ssize_t>(here.iov_len))
        return found;
    for (auto const& each : entries) {
        if (each.fd >= 0) found.push_back(each.fd);
    }
    return found;
}

activity kind_of(call const& in, pid_t process) {
    descriptors const of(process);
    auto const first = static_cast<int>(in.arguments[0]);
    switch (in.number) {
        case SYS_futex:
        case SYS_flock:
            return activity::lock;
        case SYS_nanosleep:
        case SYS_clock_nanosleep:
            return activity::sleep;
        case SYS_wait4:
        case SYS_waitid:
            return activity::process;
        case SYS_fsync:
        case SYS_fdatasync:
        case SYS_sync:
        case SYS_openat:
        case SYS_getdents64:
        case SYS_io_getevents:
        case SYS_io_uring_enter:
            return activity::disk;
        case SYS_connect:
        case SYS_accept:
        case SYS_accept4:
        case SYS_recvfrom:
        case SYS_recvmsg:
        case SYS_recvmmsg:
        case SYS_sendto:
        case SYS_sendmsg:
        case SYS_read:
        case SYS_write:
        case SYS_readv:
        case SYS_writev:
        case SYS_pread64:
        case SYS_pwrite64:
        case SYS_epoll_pwait:
#ifdef SYS_epoll_wait
        case SYS_epoll_wait:
#endif
            return of.kind_of(first);
#ifdef SYS_poll
        case SYS_poll:
#endif
        case SYS_ppoll:
            return of.kind_of_any(polled(process, in.arguments[0], in.arguments[1]));
#ifdef SYS_select
        case SYS_select:
#endif
        case SYS_pselect6:
            return first == 0 ? activity::sleep : activity::network;
        default:
            return activity::other;
    }
}

}  // namespace

std::string_view to_string(activity what) noexcept {
    constexpr std::array<std::string_view, activities> names{"computing", "disk",  "network", "lock",
                                                             "process",   "sleep", "input",   "other"};
    return names[static_cast<std::size_t>(what)];
}

thread_look look_at(pid_t process, pid_t thread) {
    proc_file const stat(process, fmt::format("task/{}/stat", thread));
    auto const fields = after_name(stat.text());
    char const state = fields.empty() ? 'X' : fields.front();
    if (state == 'Z' || state == 'X') return {};
    if (state == 'R') return {.alive = true, .what = activity::computing};
    if (state == 'D') return {.alive = true, .what = activity::disk};
    proc_file const call(process, fmt::format("task/{}/syscall", thread));
    if (call.text().empty()) return {.alive = true, .what = activity::other, .sees_calls = false};
    if (call.text().starts_with("running")) return {.alive = true, .what = activity::computing};
    auto const in = call_of(call.text());
    return {.alive = true, .what = in ? kind_of(*in, process) : activity::other};
}

}  // namespace quartet::measure
