#include "src/base/withheld_signal.hpp"

#include <cerrno>
#include <ctime>

namespace quartet::inline v0::detail {

withheld_signal::withheld_signal(int signal) noexcept {
    int const error = errno;
    sigemptyset(&only_);
    sigaddset(&only_, signal);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, signal) == 1;
    pthread_sigmask(SIG_BLOCK, &only_, &before_);
    errno = error;
}

withheld_signal::~withheld_signal() {
    int const error = errno;
    timespec const no_wait{};
    while (!was_pending_ && sigtimedwait(&only_, nullptr, &no_wait) < 0 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
}

}  // namespace quartet::inline v0::detail
