// include/quartet/detail/io/shared_lanes.hpp
//
// Lanes of a limited rate by key, between processes.
//
// A table in shared memory has for each key the moment at which its bucket is full again, as a rate_lane has.
// Who acquires takes the next token at once, also one that comes later, and sleeps until then; so those of a
// key come through in the order in which they came, and nobody holds anything while he sleeps.
//
// Who is ended while he sleeps puts his token back if it was the last, or if nobody else waits for one of the
// key; otherwise it is lost, for the others have their times. So is that of a process that is killed.
#pragma once

#include <quartet/between_processes.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/io/permits.hpp>
#include <quartet/detail/io/rate_lane.hpp>
#include <quartet/task.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace quartet::inline v0::detail {

/// Any thread of any process that was forked since.
class shared_lanes {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// Room for so many keys whose buckets are not full, in 64 to 128 bytes each. Throws
    /// std::invalid_argument if that is 0 or more than 2^32, std::system_error if the system refuses.
    shared_lanes(std::size_t most_keys, between_processes options);

    /// Keys are told apart by these numbers.
    task<void> acquire(context& ctx, std::uint64_t key, rate_schedule schedule);

    /// Outside of bodies. False if it would be later than the deadline.
    bool acquire_until(time_point deadline, std::uint64_t key, rate_schedule const& schedule);

    bool try_acquire(time_point now, std::uint64_t key, rate_schedule const& schedule);

    /// How many keys have buckets that are not full.
    std::size_t size(time_point now) const;

private:
    using nanoseconds = std::chrono::nanoseconds;

    /// Moments in nanoseconds of the clock. Changed by who has the turn.
    struct lane {
        std::uint64_t key;          // 0: it was never used
        std::int64_t full_at;       // when all that was taken has come back
        std::int64_t used_full_at;  // the same of what has come through
        std::int64_t waiting;       // who sleep
    };
    struct token {
        lane* from;
        std::uint64_t key;     // that the lane had
        std::int64_t full_at;  // that it left
    };
    class sleeper;

    lane& lane_of(std::uint64_t key, nanoseconds now) noexcept;
    static nanoseconds wait_at(lane const& from, nanoseconds now, rate_schedule const& schedule) noexcept;
    static token take(lane& from, nanoseconds now, nanoseconds wait, rate_schedule const& schedule) noexcept;
    void end_wait(token const& taken, bool was_used, nanoseconds interval) noexcept;

    struct unmap {
        std::size_t bytes;
        void operator()(lane* first) const noexcept;
    };

    mutable permits turn_;  // of what follows
    std::size_t count_;
    std::unique_ptr<lane[], unmap> lanes_;
};

}  // namespace quartet::inline v0::detail
