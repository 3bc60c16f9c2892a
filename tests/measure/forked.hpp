// tests/measure/forked.hpp
//
// Forked children for tests: one to run a check in, and one that holds memory until it is told to end.
// Children are ended and reaped by the destructor, so a failing test leaves no process.
#pragma once

#include <array>
#include <functional>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace quartet::test {

/// True if `check` said so; false also if it threw, crashed or took ten minutes.
inline bool in_child(std::function<bool()> const& check) {
    pid_t const child = fork();
    if (child == 0) {
        alarm(600);
        bool good = false;
        try {
            good = check();
        } catch (...) {
        }
        _exit(good ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Runs `prepare` in a child, which then stays as it is until it is ended.
class child_process {
public:
    explicit child_process(std::function<void*()> const& prepare) {
        std::array<int, 2> ready{};
        std::array<int, 2> end{};
        if (pipe(ready.data()) != 0 || pipe(end.data()) != 0) return;
        pid_ = fork();
        if (pid_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            alarm(600);
            close(ready[0]);
            close(end[1]);
            prepare();
            // A byte, not the end of the stream: brothers and sisters hold copies of these pipes.
            char byte = 0;
            _exit(write(ready[1], &byte, 1) == 1 && read(end[0], &byte, 1) == 1 ? 0 : 1);
        }
        close(ready[1]);
        close(end[0]);
        ready_ = ready[0];
        end_ = end[1];
    }

    child_process(child_process const&) = delete;
    child_process& operator=(child_process const&) = delete;

    ~child_process() {
        if (pid_ > 0) {
            kill(pid_, SIGKILL);
            waitpid(pid_, nullptr, 0);
        }
        if (ready_ >= 0) close(ready_);
        if (end_ >= 0) close(end_);
    }

    pid_t pid() const { return pid_; }

    /// False if the child died while it prepared.
    bool wait_until_ready() const {
        char byte;
        return read(ready_, &byte, 1) == 1;
    }

    /// Lets the child exit in order, and reaps it.
    void finish() {
        char const byte = 0;
        if (write(end_, &byte, 1) == 1) waitpid(pid_, nullptr, 0), pid_ = -1;
    }

    /// Returns when the child is dead, and a zombie.
    void kill_without_reaping() const {
        kill(pid_, SIGKILL);
        siginfo_t ended;
        waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT);
    }

private:
    pid_t pid_ = -1;
    int ready_ = -1;
    int end_ = -1;
};

}  // namespace quartet::test
