#include "src/io/commands/keeper.hpp"

#include "src/base/all_signals_blocked.hpp"
#include "src/base/pidfd.hpp"

#include <cerrno>
#include <csignal>
#include <iterator>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace quartet::inline v0::detail {
namespace {

/// The keeper's first word; its second is the program's wait status.
struct beginning {
    int error;
    pid_t process;
};

/// Waits for a word of the keeper's. False if it ended without one: its end of the socket says nothing of
/// that, as a process that was forked meanwhile may hold a copy.
template <class Word>
bool hear(descriptor const& socket, descriptor const& its_end, Word& word) noexcept {
    pollfd waiting[] = {{.fd = socket.get(), .events = POLLIN, .revents = 0},
                        {.fd = its_end.get(), .events = POLLIN, .revents = 0}};
    while (poll(waiting, std::size(waiting), -1) < 0 && errno == EINTR) {
    }
    ssize_t got = 0;
    do {
        got = recv(socket.get(), &word, sizeof word, MSG_DONTWAIT);  // may be its last
    } while (got < 0 && errno == EINTR);
    return got == static_cast<ssize_t>(sizeof word);
}

template <class Word>
void say(int socket, Word const& word) noexcept {
    send(socket, &word, sizeof word, MSG_NOSIGNAL);
}

void leave_when_nobody_listens(int socket) noexcept {
    char ignored = 0;
    while (recv(socket, &ignored, 1, 0) < 0 && errno == EINTR) {
    }
}

/// The keeper's life. It is a copy of a process whose other threads are gone, and may hold any lock: so only
/// system calls, with all signals blocked.
[[noreturn]] void keep(int word, keeper::start_function const& start_program) noexcept {
    struct sigaction usual {};
    usual.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &usual, nullptr);
    prctl(PR_SET_NAME, "quartet-keeper");
    beginning begun{};
    begun.error = start_program(begun.process);
    // Its copies of the program's streams, too: a reader of those waits for the last to be closed.
    dup2(word, STDIN_FILENO);
    close_range(STDIN_FILENO + 1, ~0U, 0);
    say(STDIN_FILENO, begun);
    if (begun.error != 0) _exit(0);
    // Not reaped until nobody can signal it any more, or its number might be another's.
    siginfo_t end{};
    waitid(P_PID, static_cast<id_t>(begun.process), &end, WEXITED | WNOWAIT);
    say(STDIN_FILENO,
        end.si_code == CLD_EXITED ? W_EXITCODE(end.si_status, 0) : W_EXITCODE(0, end.si_status));
    leave_when_nobody_listens(STDIN_FILENO);
    waitpid(begun.process, nullptr, 0);
    _exit(0);
}

/// As fork(), but the child's end is no SIGCHLD. Not by fork(), whose handlers are for children that go on
/// as this program.
pid_t clone_quietly(int& pidfd) noexcept {
    return static_cast<pid_t>(syscall(SYS_clone, CLONE_PIDFD, nullptr, &pidfd, nullptr, nullptr));
}

}  // namespace

bool keeper::is_needed() noexcept {
    struct sigaction now {};
    if (sigaction(SIGCHLD, nullptr, &now) != 0) return false;
    return now.sa_handler != SIG_DFL || (now.sa_flags & SA_NOCLDWAIT) != 0;
}

std::pair<keeper, pid_t> keeper::start(start_function const& start_program) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        throw std::system_error(errno, std::generic_category());
    descriptor ours(ends[0]);
    descriptor theirs(ends[1]);
    int pidfd = -1;
    {
        all_signals_blocked const blocked;
        pid_t const process = clone_quietly(pidfd);
        if (process == 0) keep(theirs.get(), start_program);
        if (process < 0) throw std::system_error(errno, std::generic_category());
    }
    theirs = descriptor();
    keeper made(descriptor(pidfd), std::move(ours));
    beginning begun{.error = ECHILD, .process = -1};
    hear(made.word_, made.self_, begun);
    if (begun.error != 0) throw std::system_error(begun.error, std::generic_category());
    return {std::move(made), begun.process};
}

keeper::~keeper() {
    if (self_.get() < 0) return;
    shutdown(word_.get(), SHUT_RDWR);  // it sees the end even if a process that was forked has a copy
    word_ = descriptor();
    siginfo_t end{};
    while (waitid(by_descriptor, static_cast<id_t>(self_.get()), &end, WEXITED | __WALL) < 0 &&
           errno == EINTR) {
    }
}

std::optional<int> keeper::wait_for_end() noexcept {
    int status = 0;
    return hear(word_, self_, status) ? std::optional(status) : std::nullopt;
}

}  // namespace quartet::inline v0::detail
