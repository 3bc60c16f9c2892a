#include "src/io/running_process.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::detail {
namespace {

// By number: <sys/pidfd.h> came with glibc 2.36, and <linux/wait.h> does not go with <sys/wait.h>.
constexpr auto by_descriptor = static_cast<idtype_t>(3);  // P_PIDFD

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

}  // namespace

int open_pidfd(pid_t id) noexcept {
    return static_cast<int>(syscall(SYS_pidfd_open, id, 0));
}

void send_signal(descriptor const& process, int number) noexcept {
    syscall(SYS_pidfd_send_signal, process.get(), number, nullptr, 0);
}

running_process::running_process(pid_t id) : id_(id), self_(open_pidfd(id)) {
    if (self_.get() >= 0) return;
    int const error = errno;
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
    while (waitid(by_descriptor, static_cast<id_t>(self_.get()), &end, WEXITED) < 0 && errno == EINTR) {
    }
}

void running_process::signal(int number) const noexcept {
    send_signal(self_, number);
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

int running_process::reap() {
    auto const self = std::exchange(self_, descriptor());
    siginfo_t end{};
    int result = 0;
    do {
        result = waitid(by_descriptor, static_cast<id_t>(self.get()), &end, WEXITED);
    } while (result < 0 && errno == EINTR);
    if (result < 0)
        throw std::system_error(errno, std::generic_category(), "cannot learn how a process ended");
    return to_wait_status(end);
}

}  // namespace quartet::detail
