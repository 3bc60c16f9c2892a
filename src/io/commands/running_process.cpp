#include "src/io/commands/running_process.hpp"

#include "src/base/pidfd.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

void add_descendants(pid_t parent, std::vector<descriptor>& found) {
    for (pid_t const child : children_of(parent)) {
        descriptor process(open_pidfd(child));
        if (process.get() < 0) continue;
        found.push_back(std::move(process));
        add_descendants(child, found);
    }
}

int to_wait_status(siginfo_t const& end) noexcept {
    return end.si_code == CLD_EXITED ? W_EXITCODE(end.si_status, 0) : W_EXITCODE(0, end.si_status);
}

/// Waits for a child's end. False if it is not this process's to wait for. The library's waitid() does not
/// ask for what was used.
bool wait_for(descriptor const& process, siginfo_t& end, rusage* used = nullptr) noexcept {
    long result = 0;
    do {
        result = syscall(SYS_waitid, by_descriptor, process.get(), &end, WEXITED, used);
    } while (result < 0 && errno == EINTR);
    return result == 0;
}

/// As <linux/pidfd.h> has it since 6.15: a descriptor remembers the end of its process, also if other code
/// reaped it.
struct pidfd_info {
    std::uint64_t mask;
    std::uint64_t cgroup;
    std::uint32_t ids[11];
    std::int32_t wait_status;
};

std::optional<int> remembered_end(descriptor const& process) noexcept {
    constexpr std::uint64_t its_end = 1 << 3;  // PIDFD_INFO_EXIT
    constexpr unsigned long get_info = _IOWR(0xFF, 11, pidfd_info);
    pidfd_info info{.mask = its_end, .cgroup = 0, .ids = {}, .wait_status = 0};
    if (ioctl(process.get(), get_info, &info) != 0 || (info.mask & its_end) == 0) return std::nullopt;
    return info.wait_status;
}

}  // namespace

std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> children;
    std::error_code ended;
    for (auto const& thread :
         std::filesystem::directory_iterator(fmt::format("/proc/{}/task", parent), ended)) {
        std::ifstream list(thread.path() / "children");
        for (pid_t child = 0; list >> child;)
            children.push_back(child);
    }
    return children;
}

std::vector<descriptor> descendants_of(pid_t parent) {
    std::vector<descriptor> found;
    add_descendants(parent, found);
    return found;
}

int open_pidfd(pid_t id) noexcept {
    return static_cast<int>(syscall(SYS_pidfd_open, id, 0));
}

pid_t id_of(descriptor const& process) {
    std::ifstream info(fmt::format("/proc/self/fdinfo/{}", process.get()));
    for (std::string name; info >> name; info.ignore(std::numeric_limits<std::streamsize>::max(), '\n')) {
        pid_t id = 0;
        if (name == "Pid:" && info >> id) return id > 0 ? id : 0;
    }
    return 0;
}

void send_signal(descriptor const& process, int number) noexcept {
    syscall(SYS_pidfd_send_signal, process.get(), number, nullptr, 0);
}

running_process::running_process(pid_t id, std::optional<keeper> kept)
    : id_(id), keeper_(std::move(kept)), self_(open_pidfd(id)) {
    if (self_.get() >= 0) return;
    int error = errno;
    if (error == ESRCH) {
        // It has ended and was reaped in between. In its place something that is readable as well.
        self_ = descriptor(eventfd(1, EFD_CLOEXEC));
        if (self_.get() >= 0) return;
        error = errno;
        throw std::system_error(error, std::generic_category(), "cannot open a descriptor for a process");
    }
    ::kill(id, SIGKILL);
    while (waitpid(id, nullptr, 0) < 0 && errno == EINTR) {
    }
    throw std::system_error(error, std::generic_category(), "cannot open a descriptor for a process");
}

running_process::~running_process() {
    if (self_.get() < 0) return;
    auto const others = descendants();
    signal(SIGKILL);
    for (auto const& each : others)
        send_signal(each, SIGKILL);
    siginfo_t end{};
    wait_for(self_, end);
}

void running_process::signal(int number) const noexcept {
    send_signal(self_, number);
}

void running_process::signal_group(int number) const noexcept {
    // Not reaped yet, so the number is its group's and nobody else's.
    if (self_.get() >= 0) ::kill(-id_, number);
}

bool running_process::has_in_group(descriptor const& other) const {
    pid_t const id = id_of(other);
    return id != 0 && getpgid(id) == id_;
}

std::vector<descriptor> running_process::descendants() const noexcept {
    std::vector<descriptor> found;
    try {
        add_descendants(id_, found);
    } catch (...) {
        // What was found is better than nothing.
    }
    return found;
}

std::optional<int> running_process::reap(rusage* used) noexcept {
    auto const self = std::exchange(self_, descriptor());
    if (keeper_) {
        auto const status = keeper_->wait_for_end();
        keeper_.reset();
        return status;
    }
    siginfo_t end{};
    return wait_for(self, end, used) ? to_wait_status(end) : remembered_end(self);
}

}  // namespace quartet::inline v0::detail
