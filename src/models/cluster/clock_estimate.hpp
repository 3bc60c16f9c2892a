// src/models/cluster/clock_estimate.hpp
//
// How far another machine's clock is ahead, by the four times of a message and its answer (NTP, RFC 5905,
// section 8). It can be wrong by half of the round trip at the most, so the quickest counts; and by what the
// clocks have drifted since, so a slower one that is newer may be better.
#pragma once

#include <chrono>
#include <cstdint>

namespace quartet::inline v0::detail {

class clock_estimate {
public:
    using nanoseconds = std::chrono::nanoseconds;
    using time_point = std::chrono::steady_clock::time_point;

    void note(std::int64_t sent, std::int64_t received, std::int64_t answered, std::int64_t back) noexcept {
        nanoseconds const trip(back - sent - (answered - received));
        if (trip < nanoseconds::zero()) return;
        time_point const now{nanoseconds(back)};
        if (known_ && trip / 2 > error(now)) return;
        known_ = true;
        since_ = now;
        trip_ = trip;
        ahead_ = nanoseconds(((received - sent) + (answered - back)) / 2);
    }

    bool known() const noexcept { return known_; }
    /// What to take from a time of the other machine.
    nanoseconds ahead() const noexcept { return ahead_; }
    /// By how much that may be wrong now. What has come back in no time has not left this process, whose
    /// clock is ours.
    nanoseconds error(time_point now) const noexcept {
        return trip_ == trip_.zero() ? trip_ : trip_ / 2 + (now - since_) / steadiness;
    }
    /// That of the message by which the clock is known; zero if there was none.
    nanoseconds round_trip() const noexcept { return trip_; }

private:
    // Two quartzes that nobody corrects drift by 1 part in 10,000 against each other at the most.
    static constexpr int steadiness = 10'000;

    bool known_ = false;
    time_point since_{};
    nanoseconds ahead_{0};
    nanoseconds trip_{0};
};

}  // namespace quartet::inline v0::detail
