// src/base/forking.hpp
//
// Forks without exec, and the descriptors that must not go along. Any thread.
#pragma once

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

/// Gives the signals that programs have handlers for their usual effect, and blocks none: what a forked child
/// does first, for the parent's handlers are not meant for it. SIGUSR1 stays ignored where it is: a launcher
/// sends it to all of a rank's processes.
void forget_signal_handlers() noexcept;

}  // namespace quartet::inline v0::detail
