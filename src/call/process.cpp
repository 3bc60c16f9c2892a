// The child watches for the end of its parent by a thread that waits for the parent's pidfd. The kernel's
// own way (PR_SET_PDEATHSIG) goes by the thread that forked, and threads come and go.
#include "src/base/descriptor.hpp"
#include "src/base/forking.hpp"
#include "src/base/grace.hpp"
#include "src/base/output.hpp"
#include "src/base/poll_timeout.hpp"
#include "src/io/commands/running_process.hpp"

#include <quartet/detail/base/deadline.hpp>
#include <quartet/detail/base/misuse.hpp>
#include <quartet/detail/call/describe_failure.hpp>
#include <quartet/detail/io/scope.hpp>
#include <quartet/process.hpp>

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <iostream>
#include <mutex>
#include <poll.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace quartet::inline v0 {
namespace {

using namespace std::chrono;

using detail::grace;
constexpr steady_clock::time_point at_once{};  // long over

/// Waits until the process of a pidfd has ended, or the deadline passes; false then.
bool wait_for_end(int pidfd, steady_clock::time_point deadline) {
    for (;;) {
        pollfd end{.fd = pidfd, .events = POLLIN, .revents = 0};
        int const ready = poll(&end, 1, detail::poll_timeout(deadline));
        if (ready > 0) return true;
        if (ready == 0 && steady_clock::now() >= deadline) return false;
        if (ready < 0 && errno != EINTR)
            throw std::system_error(errno, std::generic_category(), "cannot wait for a process");
    }
}

void die_with(pid_t parent) {
    int const watched = detail::open_pidfd(parent);
    if (watched < 0 || getppid() != parent) _exit(EXIT_FAILURE);  // it is gone already
    try {
        std::thread([watched] {
            wait_for_end(watched, steady_clock::time_point::max());
            ::kill(getpid(), SIGKILL);
        }).detach();
    } catch (std::system_error const&) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);  // no thread to be had: better than nothing
    }
}

[[noreturn]] void run_child(std::string const& name, detail::process_entry& entry, pid_t parent) {
    detail::forget_signal_handlers();
    detail::current_scope() = nullptr;
    prctl(PR_SET_NAME, name.c_str());
    die_with(parent);
    int code = EXIT_FAILURE;
    try {
        code = entry.call();
    } catch (...) {
        auto const why = detail::describe_current_exception(0, {});
        std::cerr << fmt::format("process '{}' ended by {}: {}\n", name, detail::current_exception_type(),
                                 why.message);
    }
    detail::write_out_all();
    _exit(code);  // not exit(): the parent's atexit handlers and static objects are the parent's
}

}  // namespace

struct process::state {
    state(std::string called, std::unique_ptr<detail::process_entry> function)
        : name(std::move(called)), entry(std::move(function)) {}
    ~state();

    detail::running_process& started() {
        if (!child) throw std::logic_error("quartet: the process '" + name + "' has not been started");
        return *child;
    }
    void adopt(pid_t forked);
    bool wait(steady_clock::time_point deadline);

    std::string const name;
    std::unique_ptr<detail::process_entry> entry;
    std::optional<detail::running_process> child;
    detail::descriptor end;  // readable when it has ended; stays when `child` has been reaped
    std::atomic<pid_t> id = 0;
    mutable std::mutex mutex;  // of what follows, and of signalling against reaping
    bool ended = false;
    std::optional<int> status;
    pid_t starter = 0;
};

process::state::~state() {
    if (!child || ended) return;
    if (getpid() != starter) {  // a copy in a forked child
        child->disown();
        return;
    }
    child->signal(SIGTERM);
    try {
        if (wait(steady_clock::now() + grace)) return;
    } catch (std::system_error const&) {
        // The destructor of `child` kills it.
    }
}

void process::state::adopt(pid_t forked) {
    starter = getpid();
    child.emplace(forked);
    end = detail::descriptor(fcntl(child->pidfd().get(), F_DUPFD_CLOEXEC, 0));
    if (end.get() < 0) {
        int const error = errno;
        child.reset();  // kills it
        throw std::system_error(error, std::generic_category(), "cannot watch a process");
    }
    id = forked;
}

bool process::state::wait(steady_clock::time_point deadline) {
    auto& running = started();
    if (!wait_for_end(end.get(), deadline)) return false;
    std::lock_guard const lock(mutex);
    if (ended) return true;
    ended = true;
    status = running.reap();
    return true;
}

process::process(std::string name, std::unique_ptr<detail::process_entry> function)
    : state_(std::make_unique<state>(std::move(name), std::move(function))) {}

process::process(process&&) noexcept = default;
process& process::operator=(process&&) noexcept = default;
process::~process() = default;

std::string process::next_name() {
    static std::atomic<unsigned> made = 0;
    return fmt::format("process-{}", ++made);
}

process::state& process::there() const {
    if (!state_) detail::misuse("this process object was moved from");
    return *state_;
}

void process::start() {
    if (there().child)
        throw std::logic_error("quartet: the process '" + state_->name + "' was started before");
    detail::write_out_streams();
    pid_t const parent = getpid();
    pid_t const child = detail::fork_child();
    if (child == 0) run_child(state_->name, *state_->entry, parent);
    if (child < 0)
        throw std::system_error(errno, std::generic_category(),
                                fmt::format("cannot fork the process '{}'", state_->name));
    state_->adopt(child);
}

void process::join() {
    there().wait(steady_clock::time_point::max());
}

bool process::join_for(nanoseconds limit) {
    return there().wait(detail::deadline_after(steady_clock::now(), limit));
}

bool process::alive() const {
    return there().child && !state_->wait(at_once);
}

void process::terminate() {
    auto& child = there().started();
    std::lock_guard const lock(state_->mutex);
    if (!state_->ended) child.signal(SIGTERM);
}

void process::kill() {
    auto& child = there().started();
    std::lock_guard const lock(state_->mutex);
    if (!state_->ended) child.signal(SIGKILL);
}

std::optional<int> process::exit_code() const {
    if (!there().child || !state_->wait(at_once)) return std::nullopt;
    std::lock_guard const lock(state_->mutex);
    if (!state_->status) return std::nullopt;
    int const status = *state_->status;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

pid_t process::pid() const {
    return there().id;
}

std::string const& process::name() const {
    return there().name;
}

}  // namespace quartet::inline v0
