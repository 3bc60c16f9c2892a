// src/base/all_signals_blocked.hpp
#pragma once

#include <signal.h>

namespace quartet::inline v0::detail {

/// Blocks all signals in this thread for as long as it lives. A thread that is started meanwhile blocks them
/// for ever: signals are for the program's own threads.
class all_signals_blocked {
public:
    all_signals_blocked() noexcept {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    all_signals_blocked(all_signals_blocked const&) = delete;
    all_signals_blocked& operator=(all_signals_blocked const&) = delete;
    ~all_signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

}  // namespace quartet::inline v0::detail
