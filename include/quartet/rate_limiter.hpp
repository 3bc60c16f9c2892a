// include/quartet/rate_limiter.hpp
//
// Lets so many through a second: requests to a server, lines to a log.
//
//     quartet::rate_limiter limiter(5, 10);        // five a second; ten at once when it was quiet
//     co_await limiter.acquire(ctx);               // in a body
//     limiter.acquire();                           // outside of bodies
//
//     quartet::keyed_rate_limiter hosts(5);        // five a second for each host
//     co_await hosts.acquire(ctx, host);
//
// A bucket holds `burst` tokens and gets a new one at equal intervals while it is not full; each acquire
// takes one. So no more than `burst` and `per_second` times the seconds come through in any length of time.
// With a burst of 1 they are an interval apart at least, and what a wake-up comes too late is lost; larger
// bursts make up for that.
//
// Who waits comes through in the order in which they came, be they bodies or threads. In a body await
// acquire(ctx): on an event loop the others go on, in a blocking context the thread waits. A stop, a time
// limit and a sibling that ends it make the wait end early with `cancelled`; then no token was taken, and the
// next comes through that much earlier. Time is that of the context: under the fake, its clock. So a limiter
// serves the fakes of one world, or contexts and threads outside of fakes.
//
// By itself it is for the threads of its process. With `between_processes` it is also for processes that are
// forked after it was made, together: make it before the executor. One that is killed while it waits holds
// the others up for some 50 ms. Elsewhere than where it can be used it throws
// std::logic_error.
//
// Bodies capture a reference or pointer to it, or it is a global. All members may be called from any thread,
// except the destructor: then nobody may wait for it.
//
// Cost (benchmarks/sync): the frame of a coroutine, a step of a lock and a look at the clock, below 100 ns.
#pragma once

#include <quartet/between_processes.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/base/deadline.hpp>
#include <quartet/detail/base/fork_visibility.hpp>
#include <quartet/detail/io/rate_lane.hpp>
#include <quartet/detail/io/shared_lanes.hpp>
#include <quartet/task.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace quartet::inline v0 {

class rate_limiter {
public:
    /// Full at first. Throws std::invalid_argument if `per_second` is not from 1e-9 to 1e9, or `burst` is 0
    /// or more than come through in 30 years.
    explicit rate_limiter(double per_second, std::size_t burst = 1)
        : visibility_(false), schedule_(per_second, burst) {}

    /// Between processes. Takes a descriptor. Throws std::system_error if the system refuses.
    rate_limiter(double per_second, std::size_t burst, between_processes options)
        : visibility_(true), schedule_(per_second, burst), lane_(options) {}
    rate_limiter(rate_limiter const&) = delete;
    rate_limiter& operator=(rate_limiter const&) = delete;

    /// In a body: until there is a token for it.
    task<void> acquire(context& ctx) { return lane().acquire(ctx, schedule_); }

    /// Outside of bodies: the same, and the thread waits.
    void acquire() { lane().acquire_until(time_point::max(), schedule_); }

    /// The same for no longer than `limit`; false, and at once, if its turn would be later.
    bool acquire_for(std::chrono::nanoseconds limit) {
        return lane().acquire_until(detail::deadline_after(std::chrono::steady_clock::now(), limit),
                                    schedule_);
    }

    /// Without waiting: false if there is no token, or others wait. The first is for bodies.
    bool try_acquire(context const& ctx) { return lane().try_acquire(ctx.now(), schedule_); }
    bool try_acquire() { return lane().try_acquire(std::chrono::steady_clock::now(), schedule_); }

private:
    using time_point = std::chrono::steady_clock::time_point;

    // The address of a member, and nothing of the object: see fork_visibility.hpp.
    detail::rate_lane& lane() {
        detail::fork_visibility::require(&visibility_, "rate limiter");
        return lane_;
    }

    detail::fork_visibility visibility_;
    detail::rate_schedule schedule_;
    detail::rate_lane lane_;
};

/// A limiter for each key. Those for which nobody waits and whose bucket is full again are as new, and are
/// forgotten when others come: it remembers 64, or twice as many as were not when it last looked, and looks
/// when there are more. Costs a look into the table in addition, under its lock.
///
/// Between processes keys are told apart by Hash, of 64 bits, and there is room for a number of those whose
/// bucket is not full. When there are more, some share the rate of another. Who is ended while he waits
/// leaves a gap if others of the key wait behind him: they keep their times.
template <class Key = std::string, class Hash = std::hash<Key>>
class keyed_rate_limiter {
public:
    /// As for a rate_limiter, for each key.
    explicit keyed_rate_limiter(double per_second, std::size_t burst = 1)
        : visibility_(false), schedule_(per_second, burst) {}

    /// Between processes. Takes a descriptor, and address space of 64 to 128 bytes a key. Throws
    /// std::system_error if the system refuses, and std::invalid_argument if `most_keys` is 0 or above 2^32.
    keyed_rate_limiter(double per_second, std::size_t burst, between_processes options,
                       std::size_t most_keys = 4096)
        : visibility_(true),
          schedule_(per_second, burst),
          shared_(std::make_unique<detail::shared_lanes>(most_keys, options)) {}
    keyed_rate_limiter(keyed_rate_limiter const&) = delete;
    keyed_rate_limiter& operator=(keyed_rate_limiter const&) = delete;

    /// In a body: until there is a token for it among those of the key.
    task<void> acquire(context& ctx, Key key) {
        detail::fork_visibility::require(&visibility_, "rate limiter");
        if (shared_) return shared_->acquire(ctx, Hash{}(key), schedule_);
        return acquire_of(ctx, std::move(key));
    }

    /// Outside of bodies: the same, and the thread waits.
    void acquire(Key key) { acquire_until(time_point::max(), std::move(key)); }

    /// The same for no longer than `limit`; false, and at once, if its turn would be later.
    bool acquire_for(std::chrono::nanoseconds limit, Key key) {
        return acquire_until(detail::deadline_after(std::chrono::steady_clock::now(), limit), std::move(key));
    }

    /// Without waiting: false if there is no token, or others wait. The first is for bodies.
    bool try_acquire(context const& ctx, Key key) { return try_acquire_at(ctx.now(), std::move(key)); }
    bool try_acquire(Key key) { return try_acquire_at(std::chrono::steady_clock::now(), std::move(key)); }

    /// How many keys it remembers, at this moment. Between processes those whose bucket is not full.
    std::size_t size() const {
        detail::fork_visibility::require(&visibility_, "rate limiter");
        if (shared_) return shared_->size(std::chrono::steady_clock::now());
        std::lock_guard const lock(mutex_);
        return lanes_.size();
    }

private:
    using time_point = std::chrono::steady_clock::time_point;

    struct used_lane {
        detail::rate_lane lane;
        std::size_t users = 0;
    };

    /// Keeps a key's lane from being forgotten.
    class use {
    public:
        use(keyed_rate_limiter& of, Key key, time_point now)
            : of_(of), lane_(of.begin_use(std::move(key), now)) {}
        use(use const&) = delete;
        use& operator=(use const&) = delete;
        ~use() {
            std::lock_guard const lock(of_.mutex_);
            --lane_.users;
        }
        detail::rate_lane& lane() const noexcept { return lane_.lane; }

    private:
        keyed_rate_limiter& of_;
        used_lane& lane_;
    };

    task<void> acquire_of(context& ctx, Key key) {
        use const mine(*this, std::move(key), ctx.now());
        co_await mine.lane().acquire(ctx, schedule_);
    }

    bool acquire_until(time_point deadline, Key key) {
        detail::fork_visibility::require(&visibility_, "rate limiter");
        if (shared_) return shared_->acquire_until(deadline, Hash{}(key), schedule_);
        use const mine(*this, std::move(key), std::chrono::steady_clock::now());
        return mine.lane().acquire_until(deadline, schedule_);
    }

    bool try_acquire_at(time_point now, Key key) {
        detail::fork_visibility::require(&visibility_, "rate limiter");
        if (shared_) return shared_->try_acquire(now, Hash{}(key), schedule_);
        use const mine(*this, std::move(key), now);
        return mine.lane().try_acquire(now, schedule_);
    }

    used_lane& begin_use(Key key, time_point now) {
        std::lock_guard const lock(mutex_);
        if (lanes_.size() >= forget_at_ && !lanes_.contains(key)) forget_full(now);
        used_lane& found = lanes_[std::move(key)];
        ++found.users;
        return found;
    }

    // Looks at each key; as many must come anew before it does so again.
    void forget_full(time_point now) {
        std::erase_if(lanes_, [now](auto const& each) {
            return each.second.users == 0 && each.second.lane.is_full(now);
        });
        forget_at_ = std::max(fewest, 2 * lanes_.size());
    }

    static constexpr std::size_t fewest = 64;

    detail::fork_visibility visibility_;
    detail::rate_schedule schedule_;
    std::unique_ptr<detail::shared_lanes> shared_;  // between processes; and then the rest is not used
    mutable std::mutex mutex_;                      // of what follows
    std::unordered_map<Key, used_lane, Hash> lanes_;
    std::size_t forget_at_ = fewest;
};

}  // namespace quartet::inline v0
