// src/models/zygote.cpp
//
// Parent and zygote talk through a socket pair that keeps message borders. The parent sends `command`s and
// reads `event`s; the zygote waits for commands and, by a signalfd, for the ends of its children.
//
// Neither may block in a send while the other does: the parent leaves at most `most_unanswered` spawns
// unanswered, and its caller about as many kills (process_host::end_overdue), which the socket's buffer
// holds many times over. So the parent's sends never block, and it comes back to read what the zygote sends.

#include "src/models/zygote.hpp"

#include "src/core/descriptor.hpp"

#include <quartet/detail/scope.hpp>

#include <algorithm>
#include <cerrno>
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

namespace quartet::detail {
namespace {

constexpr std::size_t most_unanswered = 32;

struct command {
    enum class kind : std::uint32_t { spawn, kill, kill_busy };
    kind what;
    std::uint32_t number;  // of the worker; to kill: of its process
};

template <class Message>
bool send_message(int socket, Message const& message) {
    ssize_t sent = 0;
    do {
        sent = ::send(socket, &message, sizeof message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == sizeof message;
}

/// The zygote's side. All of it runs in the forked child, which has one thread.
class zygote_process {
public:
    zygote_process(int socket, zygote::callbacks const& calls) : socket_(socket), calls_(calls) {}

    [[noreturn]] void run() {
        prctl(PR_SET_NAME, "quartet-zygote");
        current_scope() = nullptr;  // of the body that made the executor, if one did
        take_signals();
        for (;;) {
            pollfd waiting[] = {{.fd = socket_, .events = POLLIN, .revents = 0},
                                {.fd = signals_, .events = POLLIN, .revents = 0}};
            if (poll(waiting, 2, -1) < 0 && errno != EINTR) end();
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
        command asked{};
        ssize_t const got = recv(socket_, &asked, sizeof asked, 0);
        if (got < 0 && errno == EINTR) return;
        if (got != sizeof asked) end();  // the parent has closed its side, or is gone
        if (asked.what == command::kind::spawn) {
            spawn(asked.number);
        } else if (asked.what == command::kind::kill) {
            // Nobody else reaps our children, so the number is still that worker's if it is in the list.
            auto const process = static_cast<pid_t>(asked.number);
            if (workers_.contains(process)) ::kill(process, SIGKILL);
        } else {
            for (auto const& [process, number] : workers_) {
                if (calls_.is_busy(number)) ::kill(process, SIGKILL);
            }
            report({zygote::event::kind::killed, 0, 0, 0, 0});
        }
    }

    void spawn(std::uint32_t number) {
        pid_t const self = getpid();
        pid_t const process = fork();
        if (process == 0) be_worker(number, self);
        if (process < 0) return report({zygote::event::kind::refused, number, 0, errno, 0});
        workers_[process] = number;
        report({zygote::event::kind::spawned, number, process, 0, 0});
    }

    [[noreturn]] void be_worker(std::uint32_t number, pid_t zygote_id) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != zygote_id) _exit(0);  // it ended before prctl
        prctl(PR_SET_NAME, "quartet-worker");
        close(socket_);
        close(signals_);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
        calls_.worker(number);
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
            report({zygote::event::kind::ended, found->second, process, status, peak_bytes});
            workers_.erase(found);
        }
    }

    void report(zygote::event const& happened) {
        if (!send_message(socket_, happened)) end();
    }

    [[noreturn]] void end() {
        for (auto const& [process, number] : workers_)
            ::kill(process, SIGKILL);
        for (auto const& [process, number] : workers_)
            waitpid(process, nullptr, 0);
        _exit(0);
    }

    int socket_;
    int signals_ = -1;
    zygote::callbacks const& calls_;
    std::map<pid_t, std::uint32_t> workers_;
};

}  // namespace

zygote::zygote(callbacks calls) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        throw std::system_error(errno, std::generic_category(),
                                "cannot make a socket pair for worker processes");
    detail::descriptor const far_end(ends[1]);
    socket_.emplace(ends[0]);
    process_ = fork_child();
    if (process_ == 0) zygote_process(far_end.get(), calls).run();
    if (process_ < 0) throw std::system_error(errno, std::generic_category(), "cannot fork worker processes");
}

zygote::~zygote() {
    shutdown(socket_->get(),
             SHUT_RDWR);  // the zygote sees the end even if a descriptor was inherited elsewhere
    socket_.reset();
    while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

void zygote::spawn(std::size_t number) {
    to_spawn_.push_back(static_cast<std::uint32_t>(number));
    send_spawns();
}

void zygote::send_spawns() {
    while (!to_spawn_.empty() && unanswered_ < most_unanswered) {
        send_message(socket_->get(),
                     command{command::kind::spawn, to_spawn_.front()});  // if it is gone, next_event says so
        to_spawn_.pop_front();
        ++unanswered_;
    }
}

void zygote::kill(pid_t worker) {
    send_message(socket_->get(), command{command::kind::kill, static_cast<std::uint32_t>(worker)});
}

void zygote::kill_busy() {
    send_message(socket_->get(), command{command::kind::kill_busy, 0});
    ++kills_unanswered_;
}

// The end of the socket tells of it too, but later, if a worker was just forked and has not closed it yet.
bool zygote::has_ended() const {
    siginfo_t end{};
    bool const known = waitid(P_PID, static_cast<id_t>(process_), &end, WEXITED | WNOHANG | WNOWAIT) == 0;
    return !known || end.si_pid != 0;  // unknown: where SIGCHLD is ignored the kernel forgets it at once
}

std::optional<zygote::event> zygote::next_event() {
    event happened{};
    ssize_t got = 0;
    do {
        got = recv(socket_->get(), &happened, sizeof happened, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN && !has_ended()) return std::nullopt;
    if (got != sizeof happened) return event{event::kind::gone, 0, 0, 0, 0};
    if (happened.what == event::kind::killed) --kills_unanswered_;
    if (happened.what == event::kind::spawned || happened.what == event::kind::refused) {
        --unanswered_;
        send_spawns();
    }
    return happened;
}

}  // namespace quartet::detail
