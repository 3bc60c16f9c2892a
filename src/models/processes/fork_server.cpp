// src/models/processes/fork_server.cpp
//
// Parent and fork server talk through a socket pair that keeps message borders. The parent sends `request`s
// and reads `event`s; the fork server waits for requests and, by a signalfd, for the ends of its children.
//
// Neither may block in a send while the other does: the parent leaves at most `most_unanswered` spawns
// unanswered, and its caller about as many kills (overdue_workers.cpp), which the socket's buffer
// holds many times over. So the parent's sends never block, and it comes back to read what the fork server
// sends.
//
// That the other is gone the socket says too, but not as long as somebody has a copy of the other's end: a
// process that was forked meanwhile, by another thread or by the program itself. So each watches the other's
// pidfd.

#include "src/models/processes/fork_server.hpp"

#include "src/base/descriptor.hpp"
#include "src/base/pidfd.hpp"
#include "src/io/commands/running_process.hpp"

#include <quartet/detail/io/scope.hpp>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace quartet::inline v0::detail {
namespace {

constexpr std::size_t most_unanswered = 32;

struct request {
    enum class kind : std::uint32_t { spawn, kill };
    kind what;
    int signal;            // to kill
    std::uint64_t worker;  // its ticket; to kill: its process
};

template <class Message>
bool send_message(int socket, Message const& message) {
    ssize_t sent = 0;
    do {
        sent = ::send(socket, &message, sizeof message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == sizeof message;
}

/// The fork server's side. All of it runs in the forked child, which has one thread.
class fork_server_process {
public:
    fork_server_process(int socket, pid_t parent, std::function<void(fork_server::ticket)> const& work)
        : socket_(socket), parent_(open_pidfd(parent)), work_(work) {
        if (getppid() != parent) _exit(0);
    }

    /// What throws in here must not reach the parent's code, of which this process has a copy.
    [[noreturn]] void run() noexcept {
        prctl(PR_SET_NAME, "quartet-forksrv");
        current_scope() = nullptr;  // of the body that made the executor, if one did
        take_signals();
        for (;;) {
            pollfd waiting[] = {{.fd = socket_, .events = POLLIN, .revents = 0},
                                {.fd = signals_, .events = POLLIN, .revents = 0},
                                {.fd = parent_, .events = POLLIN, .revents = 0}};
            if (poll(waiting, std::size(waiting), -1) < 0 && errno != EINTR) end();
            if (waiting[2].revents) end();
            if (waiting[1].revents) reap();
            if (waiting[0].revents) obey();
        }
    }

private:
    void take_signals() {
        forget_signal_handlers();
        signal(SIGINT, SIG_IGN);  // a terminal's interrupt is the parent's business
        sigset_t ends;
        sigemptyset(&ends);
        sigaddset(&ends, SIGCHLD);
        sigprocmask(SIG_SETMASK, &ends, nullptr);
        signals_ = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
        if (signals_ < 0) end();
    }

    void obey() {
        request asked{};
        ssize_t const got = recv(socket_, &asked, sizeof asked, 0);
        if (got < 0 && errno == EINTR) return;
        if (got != sizeof asked) end();  // the parent has closed its side, or is gone
        if (asked.what == request::kind::spawn) return spawn(asked.worker);
        // Nobody else reaps our children, so the number is still that worker's if it is in the list.
        auto const process = static_cast<pid_t>(asked.worker);
        if (workers_.contains(process)) ::kill(process, asked.signal);
    }

    void spawn(fork_server::ticket worker) {
        pid_t const self = getpid();
        pid_t const process = fork();
        if (process == 0) be_worker(worker, self);
        if (process < 0) return report({fork_server::event::kind::refused, 0, worker, errno, 0});
        workers_[process] = worker;
        report({fork_server::event::kind::spawned, process, worker, 0, 0});
    }

    [[noreturn]] void be_worker(fork_server::ticket worker, pid_t server_id) noexcept {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != server_id) _exit(0);  // it ended before prctl
        prctl(PR_SET_NAME, "quartet-worker");
        close(socket_);
        close(signals_);
        if (parent_ >= 0) close(parent_);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
        work_(worker);
        _exit(0);
    }

    void reap() {
        signalfd_siginfo ignored[16];
        while (read(signals_, ignored, sizeof ignored) > 0) {
        }
        int status = 0;
        rusage used{};
        for (pid_t process = 0; (process = wait4(-1, &status, WNOHANG, &used)) > 0;) {
            auto const found = workers_.find(process);
            if (found == workers_.end()) continue;  // a grandchild that was handed to us
            auto const peak_bytes = static_cast<std::size_t>(used.ru_maxrss) * 1024;
            report({fork_server::event::kind::ended, process, found->second, status, peak_bytes});
            workers_.erase(found);
        }
    }

    void report(fork_server::event const& happened) {
        if (!send_message(socket_, happened)) end();
    }

    [[noreturn]] void end() {
        for (auto const& [process, worker] : workers_)
            ::kill(process, SIGKILL);
        for (auto const& [process, worker] : workers_)
            waitpid(process, nullptr, 0);
        _exit(0);
    }

    int socket_;
    int signals_ = -1;
    int parent_;  // a pidfd; -1 if no descriptor is left
    std::function<void(fork_server::ticket)> const& work_;
    std::map<pid_t, fork_server::ticket> workers_;
};

}  // namespace

fork_server::fork_server(std::function<void(ticket)> const& work) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        throw std::system_error(errno, std::generic_category(),
                                "cannot make a socket pair for worker processes");
    detail::descriptor const far_end(ends[1]);
    socket_.emplace(ends[0]);
    pid_t const self = getpid();
    pid_t const process = fork_child();
    if (process == 0) fork_server_process(far_end.get(), self, work).run();
    if (process < 0) throw std::system_error(errno, std::generic_category(), "cannot fork worker processes");
    end_ = detail::descriptor(open_pidfd(process));
    if (end_.get() >= 0) return;
    int const error = errno;
    ::kill(process, SIGKILL);
    while (waitpid(process, nullptr, 0) < 0 && errno == EINTR) {
    }
    throw std::system_error(error, std::generic_category(), "cannot watch the process that forks workers");
}

fork_server::~fork_server() {
    shutdown(socket_->get(),
             SHUT_RDWR);  // the fork server sees the end even if a descriptor was inherited elsewhere
    socket_.reset();
    siginfo_t end{};
    while (waitid(by_descriptor, static_cast<id_t>(end_.get()), &end, WEXITED) < 0 && errno == EINTR) {
    }
}

void fork_server::spawn(ticket worker) {
    to_spawn_.push_back(worker);
    send_spawns();
}

void fork_server::send_spawns() {
    while (!to_spawn_.empty() && unanswered_ < most_unanswered) {
        // If it is gone, next_event says so.
        send_message(socket_->get(), request{request::kind::spawn, 0, to_spawn_.front()});
        to_spawn_.pop_front();
        ++unanswered_;
    }
}

void fork_server::kill(pid_t worker, int signal) {
    send_message(socket_->get(), request{request::kind::kill, signal, static_cast<std::uint64_t>(worker)});
}

bool fork_server::has_ended() const {
    pollfd end{.fd = end_.get(), .events = POLLIN, .revents = 0};
    return poll(&end, 1, 0) > 0;
}

std::optional<fork_server::event> fork_server::next_event() {
    event happened{};
    ssize_t got = receive(happened);
    if (got < 0 && errno == EAGAIN) {
        if (!has_ended()) return std::nullopt;
        got = receive(happened);  // its last words
    }
    if (got != sizeof happened) return event{event::kind::gone, 0, 0, 0, 0};
    if (happened.what == event::kind::spawned || happened.what == event::kind::refused) {
        --unanswered_;
        send_spawns();
    }
    return happened;
}

ssize_t fork_server::receive(event& into) const {
    ssize_t got = 0;
    do {
        got = recv(socket_->get(), &into, sizeof into, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    return got;
}

}  // namespace quartet::inline v0::detail
