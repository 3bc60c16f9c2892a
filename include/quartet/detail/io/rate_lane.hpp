// include/quartet/detail/io/rate_lane.hpp
//
// What comes through at a limited rate, one after another.
//
// A bucket of `burst` tokens that fills by one each interval. It is kept as one number, the moment at which
// it is full again (the "generic cell rate algorithm"): nothing has to be done while time passes. Who finds
// it empty sleeps until there is a token, and has the turn meanwhile, so that the others are behind.
#pragma once

#include <quartet/between_processes.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/io/permits.hpp>
#include <quartet/task.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace quartet::inline v0::detail {

/// Of all lanes of a limiter.
struct rate_schedule {
    /// Throws std::invalid_argument.
    rate_schedule(double per_second, std::size_t burst);

    std::chrono::nanoseconds interval;  ///< between two tokens
    std::chrono::nanoseconds depth;     ///< all but one of a full bucket's
};

/// The right to change what many take tokens from.
class rate_turn final : public held_permit {
public:
    rate_turn(permits& of, bool owner_died) noexcept : held_permit(of, owner_died) {}
};

/// Any thread.
class rate_lane {
public:
    using time_point = std::chrono::steady_clock::time_point;

    rate_lane() = default;

    /// Between processes. Throws std::system_error if the system refuses.
    explicit rate_lane(between_processes options)
        : turn_(1, options, "rate limiter"), full_at_(&turn_.shared_word()) {}
    rate_lane(rate_lane const&) = delete;
    rate_lane& operator=(rate_lane const&) = delete;

    task<void> acquire(context& ctx, rate_schedule schedule);

    /// Outside of bodies. False if it would be later than the deadline.
    bool acquire_until(time_point deadline, rate_schedule const& schedule);

    bool try_acquire(time_point now, rate_schedule const& schedule);

    /// As one that was never used, if nobody waits.
    bool is_full(time_point now) const noexcept { return full_again() <= since_epoch(now); }

private:
    static std::chrono::nanoseconds since_epoch(time_point when) noexcept { return when.time_since_epoch(); }

    std::chrono::nanoseconds full_again() const noexcept {
        auto const count = full_at_->load(std::memory_order_relaxed);
        return std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(count));
    }

    /// Takes a token, or says how long it takes until there is one. For who has the turn.
    std::chrono::nanoseconds take(time_point now, rate_schedule const& schedule) noexcept;

    permits turn_{1};
    std::atomic<std::uint64_t> own_full_at_{0};
    std::atomic<std::uint64_t>* full_at_ = &own_full_at_;  // in nanoseconds; written by who has the turn
};

}  // namespace quartet::inline v0::detail
