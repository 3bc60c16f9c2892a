// include/quartet/detail/base/deadline.hpp
//
// When a wait that begins now ends. "For ever" is nanoseconds::max(), so the sum must not overflow.
#pragma once

#include <chrono>

namespace quartet::inline v0::detail {

/// `now + duration`, or the last moment that the clock knows.
inline std::chrono::steady_clock::time_point deadline_after(std::chrono::steady_clock::time_point now,
                                                            std::chrono::nanoseconds duration) noexcept {
    using time_point = std::chrono::steady_clock::time_point;
    return duration > time_point::max() - now ? time_point::max() : now + duration;
}

}  // namespace quartet::inline v0::detail
