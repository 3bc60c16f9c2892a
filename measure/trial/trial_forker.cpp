// measure/trial/trial_forker.cpp
//
// For each trial the forker forks a process that forks the trial and ends: so the trial becomes a child of
// the tool, which is a subreaper, and is waited for and accounted as one that the tool has started.

#include "measure/trial/trial_forker.hpp"

#include "measure/trial/serve_trial.hpp"
#include "src/base/descriptor.hpp"
#include "src/base/forking.hpp"
#include "src/executor/cluster.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <signal.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::measure {
namespace {

/// The tool's end of the socket to the forker; -1 if there is none.
int to_forker = -1;

[[noreturn]] void refuse_to_fork(int error, char const* what) {
    throw std::system_error(error, std::generic_category(), what);
}

template <class Call>
auto again_if_interrupted(Call call) {
    auto done = call();
    while (done < 0 && errno == EINTR)
        done = call();
    return done;
}

/// A byte with room for a descriptor.
struct descriptor_message {
    descriptor_message() {
        head.msg_iov = &part;
        head.msg_iovlen = 1;
        head.msg_control = room;
        head.msg_controllen = sizeof room;
    }
    descriptor_message(descriptor_message const&) = delete;
    descriptor_message& operator=(descriptor_message const&) = delete;

    char byte = 0;
    iovec part{.iov_base = &byte, .iov_len = 1};
    alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
    msghdr head{};
};

bool send_descriptor(int socket, int sent) noexcept {
    descriptor_message message;
    cmsghdr* const rights = CMSG_FIRSTHDR(&message.head);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &sent, sizeof sent);
    return again_if_interrupted([&] { return sendmsg(socket, &message.head, MSG_NOSIGNAL); }) == 1;
}

/// Nothing if the other side is gone.
std::optional<int> receive_descriptor(int socket) noexcept {
    descriptor_message message;
    if (again_if_interrupted([&] { return recvmsg(socket, &message.head, MSG_CMSG_CLOEXEC); }) != 1)
        return {};
    cmsghdr const* const rights = CMSG_FIRSTHDR(&message.head);
    if (!rights || rights->cmsg_type != SCM_RIGHTS) return {};
    int received = -1;
    std::memcpy(&received, CMSG_DATA(rights), sizeof received);
    return received;
}

/// What a program that is started has as well. The handler of SIGXFSZ is to stay (command_line.cpp).
void be_as_new() {
    for (int number = 1; number < NSIG; ++number) {
        if (number != SIGXFSZ) signal(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    detail::descriptor const nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
    dup2(nothing.get(), STDIN_FILENO);
}

[[noreturn]] void be_trial(int talk, pid_t tool, log_handler log) {
    be_as_new();
    setpgid(0, 0);
    while (getppid() != tool) {
        if (getppid() == 1 && tool != 1) _exit(EXIT_FAILURE);  // it has died meanwhile
        usleep(50);
    }
    int const code = serve_trial(talk, std::move(log));
    std::fflush(nullptr);
    _exit(code);
}

/// Forks a trial and tells the tool its number, or the error as a negative one.
[[noreturn]] void fork_between(int talk, int to_tool, pid_t tool, log_handler const& log) {
    pid_t trial = fork();
    if (trial == 0) {
        close(to_tool);
        be_trial(talk, tool, log);
    }
    if (trial < 0) {
        trial = -errno;
    } else {
        setpgid(trial, trial);  // whoever of both is first
    }
    _exit(send(to_tool, &trial, sizeof trial, MSG_NOSIGNAL) == sizeof trial ? EXIT_SUCCESS : EXIT_FAILURE);
}

/// Forks trials until the tool is gone.
[[noreturn]] void fork_trials(int to_tool, pid_t tool, log_handler const& log) {
    prctl(PR_SET_NAME, "quartet-forker");
    for (int const number : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGTSTP, SIGPIPE})
        signal(number, SIG_IGN);  // of the terminal: they are the tool's affair
    while (auto const received = receive_descriptor(to_tool)) {
        detail::descriptor const talk(*received);
        pid_t const between = detail::fork_child();
        if (between == 0) fork_between(talk.get(), to_tool, tool, log);
        int status = 0;
        pid_t none = -errno;
        if (between > 0) {
            again_if_interrupted([&] { return waitpid(between, &status, 0); });
            if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS) continue;
            none = -ECHILD;  // it was killed
        }
        send(to_tool, &none, sizeof none, MSG_NOSIGNAL);
    }
    _exit(EXIT_SUCCESS);
}

}  // namespace

void prepare_forked_trials(log_handler log) {
    if (!detail::has_cluster()) return;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        refuse_to_fork(errno, "cannot make a socket pair");
    pid_t const tool = getpid();
    pid_t const forker = detail::fork_child();
    if (forker < 0) refuse_to_fork(errno, "cannot fork a process");
    if (forker == 0) {
        close(ends[0]);
        fork_trials(ends[1], tool, log);
    }
    close(ends[1]);
    to_forker = ends[0];
}

bool has_forked_trials() noexcept {
    return to_forker >= 0;
}

pid_t fork_trial(int socket) {
    if (to_forker < 0) throw std::logic_error("quartet: nothing was prepared that forks trials");
    pid_t process = -EPIPE;
    if (send_descriptor(to_forker, socket))
        again_if_interrupted([&] { return recv(to_forker, &process, sizeof process, 0); });
    if (process < 0) refuse_to_fork(-process, "cannot start a process for a trial");
    return process;
}

}  // namespace quartet::measure
