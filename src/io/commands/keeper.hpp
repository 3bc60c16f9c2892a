// src/io/commands/keeper.hpp
//
// A process between this one and a program that it has started, which learns how the program ended.
//
// That is what waitpid() is for; but where SIGCHLD is ignored the kernel throws a child's end away, and a
// handler of the user's may wait for any child and take ours. Neither can be forbidden: how SIGCHLD is
// handled is the whole program's affair, and in an exec every child's end becomes a SIGCHLD. A child without
// an exec can be made so that its end is no SIGCHLD, is kept, and is found only by a wait that asks for it
// (__WALL): the keeper, which handles SIGCHLD as usual and starts the program. It costs a fork of this
// process.
//
// For one thread.
#pragma once

#include "src/base/descriptor.hpp"

#include <functional>
#include <optional>
#include <sys/types.h>
#include <utility>

namespace quartet::inline v0::detail {

class keeper {
public:
    /// Starts a program; gives an error number. It runs in the keeper, where nothing may allocate.
    using start_function = std::function<int(pid_t& process)>;

    /// Whether one is needed: whether SIGCHLD is ignored or handled in this process.
    static bool is_needed() noexcept;

    /// Has a new keeper start a program; both. Throws std::system_error.
    static std::pair<keeper, pid_t> start(start_function const& start_program);

    /// Waits for the program, if it has not ended.
    ~keeper();
    keeper(keeper&&) noexcept = default;
    keeper& operator=(keeper&&) noexcept = default;

    /// The program's end, as waitpid gives it. Waits; called once. Nothing if somebody killed the keeper.
    std::optional<int> wait_for_end() noexcept;

private:
    keeper(descriptor self, descriptor word) noexcept : self_(std::move(self)), word_(std::move(word)) {}

    descriptor self_;  // a pidfd
    descriptor word_;  // the keeper's: what it says, and that it may go when this is closed
};

}  // namespace quartet::inline v0::detail
