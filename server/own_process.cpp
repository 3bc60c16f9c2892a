#include "server/own_process.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace quartet::server_detail {

void die_with(pid_t parent, int signal) {
    ::prctl(PR_SET_PDEATHSIG, signal);
    if (::getppid() != parent) ::_exit(EXIT_FAILURE);  // it died before we could ask to die with it
}

void forget_signal_handlers() {
    for (int signal = 1; signal < NSIG; ++signal)
        ::signal(signal, SIG_DFL);  // refused for SIGKILL: fine
    ::signal(SIGINT, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void close_others(int kept) {
    // A caller that has closed its standard streams gets their numbers for the pipe: first out of the way.
    int const safe = ::fcntl(kept, F_DUPFD, 4);
    int const null = ::open("/dev/null", O_RDWR);
    if (null >= 0) {
        ::dup2(null, STDIN_FILENO);
        ::dup2(null, STDOUT_FILENO);
    }
    if (safe >= 0) ::dup2(safe, 3);
    if (::close_range(4, ~0U, 0) == 0) return;
    for (int number = 4; number < ::sysconf(_SC_OPEN_MAX); ++number)
        ::close(number);  // an old kernel
}

}  // namespace quartet::server_detail
