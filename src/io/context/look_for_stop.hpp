// src/io/context/look_for_stop.hpp
//
// How often a blocking operation that waits in poll(2) looks for a stop: that is a word in memory, which poll
// can't wait for.
#pragma once

#include <chrono>

namespace quartet::inline v0::detail {

inline constexpr auto look_for_stop = std::chrono::milliseconds(20);

}  // namespace quartet::inline v0::detail
