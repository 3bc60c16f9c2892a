// include/quartet/mutex.hpp
//
// A lock that bodies may hold while they wait for something else.
//
//     quartet::mutex accounts;
//     auto const lock = co_await accounts.lock(ctx);     // in a body
//     co_await ctx.sleep_for(1ms);                       // still locked
//
//     auto const lock = accounts.lock();                 // outside of bodies
//
// A std::mutex belongs to a thread: a body on an event loop that awaits while it holds one keeps the loop
// from running whoever else wants it. This one belongs to the `mutex_lock` that was got, which unlocks it
// when it goes, on any thread of the process.
//
// In a body await lock(ctx). It waits as all operations do: on an event loop the others go on, in a blocking
// context the thread waits. A stop, a time limit and a sibling that ends it make the wait end early with
// `cancelled`; then nothing was locked. A lock that is free does not let other bodies run.
//
// Who waits gets it in the order in which they came, be they bodies or threads: an unlock hands it to the
// first of them, and nobody who comes later gets before. If that one is cancelled meanwhile, the next gets
// it.
//
// It is not recursive: who holds it and locks it again waits for itself, until a stop or a time limit. In the
// same way bodies of a blocking context with one worker (`single`) run one after another, so one that waits
// for what a later body has to unlock waits for ever. Under the fake such a wait fails with std::logic_error.
//
// By itself it is for the threads of its process. With `between_processes` it is also for processes that are
// forked after it was made: make it before the executor. A process may be killed at any moment, and does not
// take the lock along: the next who gets it is told by owner_died(), and has to see what is half done. Those
// who wait notice it within some 50 ms, who tries without waiting at once. Elsewhere than where it can be
// used all that would lock it throws std::logic_error.
//
// Bodies capture a reference or pointer to it, or it is a global. All members may be called from any thread,
// except the destructor: then nobody may hold the lock, nor wait for it.
//
// Cost (benchmarks/sync): lock and unlock are an atomic step each when nobody waits, some 10 ns together. To
// hand it to a thread that sleeps costs what waking it does, some microseconds. Between processes some 100
// ns, and what is told in src/io/sync/shared_gate.hpp where many wait.
#pragma once

#include <quartet/between_processes.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/base/deadline.hpp>
#include <quartet/detail/base/fork_visibility.hpp>
#include <quartet/detail/io/permits.hpp>

#include <chrono>
#include <optional>

namespace quartet::inline v0 {

/// A mutex that is locked, until this goes. Movable; one that was moved from, or unlocked, holds nothing. For
/// one thread at a time, which need not be that which locked.
class [[nodiscard]] mutex_lock : public detail::held_permit {
public:
    mutex_lock() = default;

    /// Now and not at its end; nothing if it holds nothing.
    void unlock() noexcept { give_back(); }

private:
    friend class mutex;
    friend class detail::take_awaiter<mutex_lock>;
    using held_permit::held_permit;
};

class mutex {
public:
    /// For the threads of this process.
    mutex() noexcept : visibility_(false), permits_(1) {}

    /// Between processes. Takes a descriptor. Throws std::system_error if the system refuses.
    explicit mutex(between_processes options) : visibility_(true), permits_(1, options, "mutex") {}

    mutex(mutex const&) = delete;
    mutex& operator=(mutex const&) = delete;

    /// In a body: `auto const lock = co_await m.lock(ctx);`
    detail::take_awaiter<mutex_lock> lock(context& ctx) { return {ctx, state()}; }

    /// Outside of bodies: the same, and the thread waits.
    mutex_lock lock() { return *lock_until(std::chrono::steady_clock::time_point::max()); }

    /// The same for no longer than `limit`; empty if that was not enough.
    std::optional<mutex_lock> lock_for(std::chrono::nanoseconds limit) {
        return lock_until(detail::deadline_after(std::chrono::steady_clock::now(), limit));
    }

    /// Without waiting, anywhere; empty if it is locked.
    std::optional<mutex_lock> try_lock() {
        auto& permits = state();
        bool owner_died = false;
        if (!permits.take_now(owner_died)) return {};
        return mutex_lock(permits, owner_died);
    }

    /// Whether somebody holds it, at this moment.
    bool locked() const {
        detail::fork_visibility::require(&visibility_, "mutex");
        return permits_.available() == 0;
    }

private:
    std::optional<mutex_lock> lock_until(std::chrono::steady_clock::time_point deadline) {
        auto& permits = state();
        bool owner_died = false;
        if (!permits.take_until(deadline, owner_died)) return {};
        return mutex_lock(permits, owner_died);
    }

    // The address of a member, and nothing of the object: see fork_visibility.hpp.
    detail::permits& state() {
        detail::fork_visibility::require(&visibility_, "mutex");
        return permits_;
    }

    detail::fork_visibility visibility_;
    detail::permits permits_;
};

}  // namespace quartet::inline v0
