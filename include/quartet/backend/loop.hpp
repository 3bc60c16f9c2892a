// include/quartet/backend/loop.hpp
//
// Where operations are done, as they see it: on the thread of their body, on an event loop, on the fake's
// loop. All members are for that one thread, except two of event_loop.
#pragma once

#include <quartet/backend/operation.hpp>
#include <quartet/backend/services.hpp>
#include <quartet/detail/io/scope.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>

namespace boost::asio {
class io_context;
}

namespace quartet::inline v0 {

class fake_world;

/// A thread that does operations at once.
class blocking_thread {
public:
    /// When the part of the body that runs now is to end; time_point::max() if it has no limit.
    static std::chrono::steady_clock::time_point deadline() noexcept {
        auto const* const part = detail::current_scope();
        return part ? part->deadline() : std::chrono::steady_clock::time_point::max();
    }

    /// Turns non-zero when the run is to stop, and those who wait for it as a futex are woken.
    virtual std::atomic<std::uint32_t> const& stop_word() const noexcept = 0;

    service_set<service> services;

protected:
    ~blocking_thread() = default;
};

/// Turns, in which operations complete, and a clock.
class loop {
public:
    /// `done` completes in a turn to come.
    virtual void complete_soon(operation& done) = 0;

    /// So does `waiting`, when that time is over.
    virtual void complete_after(timed_operation& waiting, std::chrono::nanoseconds time) = 0;

    /// Ends that wait, if it is under way: it completes soon, with `cancelled`.
    virtual void cancel_wait(timed_operation& waiting) noexcept = 0;

    /// How many of its bodies wait for calls of their own executor. Others may be begun in their places,
    /// so that an executor never waits for itself.
    std::size_t places_lent = 0;

protected:
    ~loop() = default;
};

/// Kept by an event loop.
class loop_service : public service {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// Does what can be done without waiting. Called once a turn, before the loop waits; true if it was
    /// something, so that the loop does not wait.
    virtual bool advance() { return false; }

    /// When the loop must have a turn at the latest.
    virtual std::optional<time_point> deadline() const noexcept { return {}; }
};

class event_loop : public loop {
public:
    /// Runs `function` on the loop's thread, within a turn. Any thread.
    virtual void post(std::function<void()> function) = 0;

    /// As complete_soon(). Any thread; costs less than post().
    virtual void complete_from_any_thread(operation& done) = 0;

    /// How many threads offloaded functions may have; 0: as many as wait.
    std::size_t most_offload_threads = 0;

    /// What watches descriptors; handlers are called within a turn.
    virtual boost::asio::io_context& io() noexcept = 0;

    service_set<loop_service> services;

protected:
    ~event_loop() = default;
};

/// Kept by the fake's loop.
class fake_service : public service {
public:
    /// Completes what can be completed; true if that was something. `idle`: nothing else has to be done at
    /// this moment.
    virtual bool advance([[maybe_unused]] bool idle) { return false; }

    /// Whether what waits here may be completed by what goes on outside of the fake. That takes no time of
    /// its clock: when nothing else can happen the clock stands, for a second of real time at the most.
    virtual bool waits_for_outside() const noexcept { return false; }

    /// Nothing will ever happen: ends with `why` what waits here. They complete soon.
    virtual void end_all(std::exception_ptr const&) {}
};

/// The clock only moves when nothing else can happen.
class fake_loop : public loop {
public:
    virtual fake_world& world() noexcept = 0;

    service_set<fake_service> services;

protected:
    ~fake_loop() = default;
};

}  // namespace quartet::inline v0
