// src/base/forking.hpp
//
// Forks without exec, and the descriptors that must not go along. Any thread.
#pragma once

#include <array>
#include <csignal>
#include <sys/types.h>

namespace quartet::inline v0::detail {

/// As fork(2), but in the child all private descriptors are closed and no buffer holds what the parent has
/// printed.
pid_t fork_child() noexcept;

/// A descriptor of this process's that no child forked later may hold open: closed in each.
class private_descriptor {
public:
    /// Takes the descriptor over.
    explicit private_descriptor(int descriptor);
    ~private_descriptor();
    private_descriptor(private_descriptor const&) = delete;
    private_descriptor& operator=(private_descriptor const&) = delete;
    /// -1 in a child that was forked since.
    int get() const noexcept { return descriptor_; }

private:
    friend pid_t fork_child() noexcept;

    int descriptor_;
};

/// Where a program ignores these, so do its children, as over exec: launchers send them to all processes of a
/// rank, and a terminal that is closed sends SIGHUP to all that were started in it.
inline constexpr std::array signals_that_stay_ignored{SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

/// Whether a signal is ignored in this process (SIG_IGN), or has its usual effect (SIG_DFL).
bool has_effect(int number, void (*effect)(int)) noexcept;

/// Gives the other signals, and those of them that programs have handlers for, their usual effect, and blocks
/// none: what a forked child does first, for the parent's handlers are not meant for it.
void forget_signal_handlers() noexcept;

}  // namespace quartet::inline v0::detail
