#include "cli/terminal/interrupt.hpp"

#include <cerrno>
#include <signal.h>
#include <sys/signalfd.h>
#include <system_error>

namespace quartet::cli {

interrupt::interrupt() {
    sigset_t held;
    sigemptyset(&held);
    for (int const number : {SIGINT, SIGTERM, SIGHUP})
        sigaddset(&held, number);
    struct sigaction hangup {};
    bool const outlives_terminal = sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler == SIG_IGN;
    if (outlives_terminal) sigdelset(&held, SIGHUP);  // nohup
    sigprocmask(SIG_BLOCK, &held, nullptr);
    signals_ = detail::descriptor(signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK));
    if (signals_.get() < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
}

int interrupt::signal() const {
    signalfd_siginfo came{};
    if (read(signals_.get(), &came, sizeof came) != sizeof came) return 0;
    return static_cast<int>(came.ssi_signo);
}

}  // namespace quartet::cli
