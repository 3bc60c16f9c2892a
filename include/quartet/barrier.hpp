// include/quartet/barrier.hpp
//
// Where a number of bodies, threads or both wait until all of them are there, round after round.
//
//     quartet::barrier all(4);
//     co_await all.arrive_and_wait(ctx);     // in each of four bodies
//     all.arrive_and_wait();                 // outside of bodies
//
// The last who arrives lets the others go on, and the next round begins. It alone gets `true`, and may do
// what has to be done once.
//
// Who is ended while it waits, by a stop, a time limit or a sibling, has not arrived: the others wait on, for
// somebody who comes instead. Where nobody will, abort() tells them: they throw `barrier_broken`, and so does
// whoever arrives until reset().
//
// Between processes it is broken when a process is killed that has arrived and waits, and when one is killed
// that was in the last round and some of those who were in it too come for the next: they would miss it. They
// notice within some 50 ms. Of a process that has never arrived nobody knows; that takes a time limit. Where
// other processes take the place of some that have ended, reset() first.
//
// All of a round must be under way at the same time: under `single`, and with fewer workers than a round has
// bodies, those who have arrived wait for bodies that have not begun, until a stop or a time limit. Under
// `async:each` and `threads:each` all have begun. What else mutex.hpp says of waiting, of the fake, and of
// where it may be used, holds here too.
//
// Cost: a lock, and what it takes to wake the others.
#pragma once

#include <quartet/between_processes.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/base/deadline.hpp>
#include <quartet/detail/base/fork_visibility.hpp>
#include <quartet/detail/io/barrier_gate.hpp>
#include <quartet/detail/io/gate.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>

namespace quartet::inline v0 {

/// Thrown by those who wait at a barrier that can't be passed any more.
class barrier_broken : public std::runtime_error {
public:
    barrier_broken() : std::runtime_error("quartet: the barrier is broken") {}
};

class barrier {
public:
    /// For `expected` at a time, threads of this process. Throws std::invalid_argument if that is 0.
    explicit barrier(std::size_t expected)
        : visibility_(false), gate_(detail::barrier_gate::make_local(checked(expected))) {}

    /// Between processes. Takes a descriptor. Throws std::system_error if the system refuses.
    barrier(std::size_t expected, between_processes)
        : visibility_(true), gate_(detail::barrier_gate::make_shared(checked(expected))) {}

    barrier(barrier const&) = delete;
    barrier& operator=(barrier const&) = delete;

    /// In a body: until all are there. Gives whether it was the last; throws barrier_broken.
    detail::arrive_operation arrive_and_wait(context& ctx) { return {ctx, gate()}; }

    /// Outside of bodies: the same, and the thread waits.
    bool arrive_and_wait() { return *arrive_until(std::chrono::steady_clock::time_point::max()); }

    /// The same for no longer than `limit`; empty if that was not enough, and then it has not arrived.
    std::optional<bool> arrive_and_wait_for(std::chrono::nanoseconds limit) {
        return arrive_until(detail::deadline_after(std::chrono::steady_clock::now(), limit));
    }

    /// Breaks it.
    void abort() { gate().abort(); }

    /// Makes it as new. Those who wait throw barrier_broken.
    void reset() { gate().reset(); }

    bool broken() const { return gate().broken(); }

    /// How many have arrived in this round, at this moment.
    std::size_t waiting() const { return gate().waiting(); }

private:
    static std::size_t checked(std::size_t expected) {
        if (expected == 0) throw std::invalid_argument("quartet: a barrier is for one at least");
        return expected;
    }

    std::optional<bool> arrive_until(std::chrono::steady_clock::time_point deadline) {
        auto& at = gate();
        bool was_last = false;
        auto const how =
            detail::wait_at(at, deadline, [&](detail::gate_waiter* who) { return at.arrive(who, was_last); });
        detail::require_whole(how);
        if (how == detail::attempt::would_block) return {};
        return was_last;
    }

    // The address of a member, and nothing of the object: see fork_visibility.hpp.
    detail::barrier_gate& gate() const {
        detail::fork_visibility::require(&visibility_, "barrier");
        return *gate_;
    }

    detail::fork_visibility visibility_;
    std::unique_ptr<detail::barrier_gate> gate_;
};

}  // namespace quartet::inline v0
