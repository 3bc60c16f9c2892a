// tests/stress/promises.hpp
//
// What quartet promises of each task, whatever happened meanwhile: one outcome, and one that can be.
#pragma once

#include "tests/stress/board.hpp"
#include "tests/stress/bodies.hpp"
#include "tests/stress/plan.hpp"

#include <quartet/outcome.hpp>

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>

namespace quartet::stress {

/// What was broken. Written at once, so that a program that dies later has told it.
class fault_list {
public:
    void add(std::string_view what) noexcept;
    bool any() const noexcept { return count_ > 0; }

private:
    static constexpr std::size_t most_told = 20;
    std::atomic<std::size_t> count_ = 0;
};

/// What may become of a call's tasks beside what their bodies do.
struct rules {
    habits how;
    std::uint32_t tries = 1;
    bool may_be_cancelled = false;
    bool may_time_out = false;
    bool others_die = false;  ///< of its neighbours on a loop, or from outside
    bool killed_from_outside = false;
    bool server_may_die = false;
    bool workers_may_not_begin = false;

    bool undisturbed() const noexcept {
        return !may_be_cancelled && !may_time_out && !others_die && !server_may_die && !workers_may_not_begin;
    }
};

/// The rules for a call as its step has it; stops of its executor are told by the executor's own counts.
rules rules_for(step const& what, plan const& of);

class promises {
public:
    promises(board const& counts, fault_list& to) : counts_(counts), faults_(to) {}

    template <class R>
    void check(order const& what, outcome<R> const& ended, std::size_t index, rules const& by) {
        if (!ended) return check_failure(what, ended.error(), index, by);
        if constexpr (std::is_void_v<R>) {
            check_value(what, true, by);
        } else {
            check_value(what, *ended == value_of<R>(what), by);
        }
    }

    void check_value(order const& what, bool right, rules const& by);
    void check_failure(order const& what, failure const& why, std::size_t index, rules const& by);

    /// Of a task whose outcome nobody has seen.
    void check_counts(order const& what, rules const& by);
    /// And which must have had the time.
    void check_has_run(order const& what, rules const& by);

    /// Values that went through a channel, by the tasks that sent or should receive them.
    void check_received(order const& what, bool surely, std::uint8_t most);

    fault_list& found() noexcept { return faults_; }

private:
    void break_for(order const& what, std::string_view how);
    void check_threw(order const& what, failure const& why, rules const& by);
    void check_death(order const& what, failure const& why, rules const& by);

    board const& counts_;
    fault_list& faults_;
};

}  // namespace quartet::stress
