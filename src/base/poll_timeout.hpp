// src/base/poll_timeout.hpp
//
// A deadline in the form that poll(2) takes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

namespace quartet::inline v0::detail {

/// Milliseconds from now, rounded up and at least 0; -1, for ever, if there is no deadline
/// (time_point::max()).
inline int poll_timeout(std::chrono::steady_clock::time_point deadline) noexcept {
    using clock = std::chrono::steady_clock;
    if (deadline == clock::time_point::max()) return -1;
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

}  // namespace quartet::inline v0::detail
