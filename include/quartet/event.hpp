// include/quartet/event.hpp
//
// Something that comes to pass, and whoever waits for it: bodies, threads or both.
//
//     quartet::event ready;
//     co_await ready.wait(ctx);     // in a body
//     ready.wait();                 // outside of bodies
//     ready.set();                  // anywhere
//
// It stays set until reset(): who waits later goes on at once. set() lets all go on that wait at that moment,
// also those that have their turn when it has been reset. What was written before set() is seen by those who
// go on because of it.
//
// What mutex.hpp says of waiting, of stops and time limits, of `single` and the fake, and of where it may be
// used, holds here too.
//
// Cost (benchmarks/sync): some nanoseconds to wait for one that is set, a lock to set and to reset.
#pragma once

#include <quartet/between_processes.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/base/deadline.hpp>
#include <quartet/detail/base/fork_visibility.hpp>
#include <quartet/detail/io/event_gate.hpp>
#include <quartet/detail/io/gate.hpp>

#include <chrono>
#include <memory>

namespace quartet::inline v0 {

class event {
public:
    /// Not set. For the threads of this process.
    event() : visibility_(false), gate_(detail::event_gate::make_local()) {}

    /// Between processes. Takes a descriptor. Throws std::system_error if the system refuses.
    explicit event(between_processes) : visibility_(true), gate_(detail::event_gate::make_shared()) {}

    event(event const&) = delete;
    event& operator=(event const&) = delete;

    /// In a body: until it is set.
    detail::wait_operation wait(context& ctx) { return {ctx, gate()}; }

    /// Outside of bodies: the same, and the thread waits.
    void wait() { wait_until(std::chrono::steady_clock::time_point::max()); }

    /// The same for no longer than `limit`; false if that was not enough.
    bool wait_for(std::chrono::nanoseconds limit) {
        return wait_until(detail::deadline_after(std::chrono::steady_clock::now(), limit));
    }

    /// Lets all go on. Nothing if it is set.
    void set() { gate().set(); }

    /// Whoever comes from now on waits. Nothing if it is not set.
    void reset() { gate().reset(); }

    bool is_set() const { return gate().is_set(); }

private:
    bool wait_until(std::chrono::steady_clock::time_point deadline) {
        auto& at = gate();
        return detail::wait_at(at, deadline, [&](detail::gate_waiter* who) { return at.wait(who); }) ==
               detail::attempt::done;
    }

    // The address of a member, and nothing of the object: see fork_visibility.hpp.
    detail::event_gate& gate() const {
        detail::fork_visibility::require(&visibility_, "event");
        return *gate_;
    }

    detail::fork_visibility visibility_;
    std::unique_ptr<detail::event_gate> gate_;
};

}  // namespace quartet::inline v0
