// src/models/cluster/clock_estimate.hpp
//
// How far another machine's clock is ahead, by the four times of a message and its answer (NTP, RFC 5905,
// section 8). The estimate of the quickest round trip counts, since it can be wrong by half of that at most;
// an old one makes way, for clocks drift.
#pragma once

#include <chrono>
#include <cstdint>

namespace quartet::inline v0::detail {

class clock_estimate {
public:
    using nanoseconds = std::chrono::nanoseconds;

    void note(std::int64_t sent, std::int64_t received, std::int64_t answered, std::int64_t back) noexcept {
        nanoseconds const trip(back - sent - (answered - received));
        if (trip < nanoseconds::zero()) return;
        bool const old = ++since_ > 64;
        if (known_ && trip > trip_ && !old) return;
        known_ = true;
        since_ = 0;
        trip_ = trip;
        ahead_ = nanoseconds(((received - sent) + (answered - back)) / 2);
    }

    bool known() const noexcept { return known_; }
    /// What to take from a time of the other machine.
    nanoseconds ahead() const noexcept { return ahead_; }
    /// By how much that may be wrong.
    nanoseconds error() const noexcept { return trip_ / 2; }
    /// The quickest of the last round trips; zero if there was none.
    nanoseconds round_trip() const noexcept { return trip_; }

private:
    bool known_ = false;
    int since_ = 0;
    nanoseconds ahead_{0};
    nanoseconds trip_{0};
};

}  // namespace quartet::inline v0::detail
