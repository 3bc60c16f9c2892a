// include/quartet/semaphore.hpp
//
// A number of permits, to limit how many do something at the same time: bodies, threads or both.
//
//     quartet::semaphore connections(8);
//     auto const permit = co_await connections.acquire(ctx);     // in a body
//     co_await ctx.fetch(url);                                   // no more than eight at once
//
//     auto const permit = connections.acquire();                 // outside of bodies
//
// A permit is given back when its `semaphore_permit` goes, on any thread of the process. How many bodies are
// under way at all is the executor's number; a semaphore limits a part of what they do, or those of several
// executors together.
//
// Between processes the permits of one that dies are given back, and whoever gets one of them is told by its
// owner_died().
//
// What mutex.hpp says of waiting, of its order, of stops and time limits, of `single` and the fake, and of
// where it may be used, holds here too: a mutex is a semaphore with one permit.
//
// Cost (benchmarks/sync): an atomic step each to acquire and to give back, some 10 ns together, when nobody
// waits.
#pragma once

#include <quartet/between_processes.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/base/deadline.hpp>
#include <quartet/detail/base/fork_visibility.hpp>
#include <quartet/detail/io/permits.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>

namespace quartet::inline v0 {

/// A permit that was acquired, until this goes. Movable; one that was moved from, or released, holds nothing.
/// For one thread at a time, which need not be that which acquired it.
class [[nodiscard]] semaphore_permit : public detail::held_permit {
public:
    semaphore_permit() = default;

    /// Now and not at its end; nothing if it holds nothing.
    void release() noexcept { give_back(); }

private:
    friend class semaphore;
    friend class detail::take_awaiter<semaphore_permit>;
    using held_permit::held_permit;
};

class semaphore {
public:
    /// Throws std::invalid_argument if `count` is 0, as nobody could ever acquire one, or above 2^63 - 1.
    explicit semaphore(std::size_t count) : visibility_(false), permits_(checked(count)) {}

    /// Between processes. Takes a descriptor. Throws std::system_error if the system refuses.
    semaphore(std::size_t count, between_processes options)
        : visibility_(true), permits_(checked(count), options, "semaphore") {}

    semaphore(semaphore const&) = delete;
    semaphore& operator=(semaphore const&) = delete;

    /// In a body: `auto const permit = co_await s.acquire(ctx);`
    detail::take_awaiter<semaphore_permit> acquire(context& ctx) { return {ctx, state()}; }

    /// Outside of bodies: the same, and the thread waits.
    semaphore_permit acquire() { return *acquire_until(std::chrono::steady_clock::time_point::max()); }

    /// The same for no longer than `limit`; empty if that was not enough.
    std::optional<semaphore_permit> acquire_for(std::chrono::nanoseconds limit) {
        return acquire_until(detail::deadline_after(std::chrono::steady_clock::now(), limit));
    }

    /// Without waiting, anywhere; empty if there is none.
    std::optional<semaphore_permit> try_acquire() {
        auto& permits = state();
        bool owner_died = false;
        if (!permits.take_now(owner_died)) return {};
        return semaphore_permit(permits, owner_died);
    }

    /// How many permits are left, at this moment.
    std::size_t available() const {
        detail::fork_visibility::require(&visibility_, "semaphore");
        return permits_.available();
    }

private:
    std::optional<semaphore_permit> acquire_until(std::chrono::steady_clock::time_point deadline) {
        auto& permits = state();
        bool owner_died = false;
        if (!permits.take_until(deadline, owner_died)) return {};
        return semaphore_permit(permits, owner_died);
    }

    static std::size_t checked(std::size_t count) {
        if (count == 0 || count > detail::permits::most)
            throw std::invalid_argument(
                "quartet: a semaphore needs one permit at least, and at most 2^63 - 1");
        return count;
    }

    // The address of a member, and nothing of the object: see fork_visibility.hpp.
    detail::permits& state() {
        detail::fork_visibility::require(&visibility_, "semaphore");
        return permits_;
    }

    detail::fork_visibility visibility_;
    detail::permits permits_;
};

}  // namespace quartet::inline v0
