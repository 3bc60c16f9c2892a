// src/io/loop/poll_descriptor.hpp
//
// Asks the system what a descriptor holds, in the words of readiness.hpp.
#pragma once

#include <quartet/readiness.hpp>

#include <chrono>
#include <string>

namespace quartet::inline v0::detail {

/// What of `wanted` the descriptor holds, waiting for it for so long at the most; nothing if that is none of
/// it, or a signal came. Throws std::system_error if there is no such descriptor.
readiness poll_descriptor(int descriptor, readiness wanted, std::chrono::nanoseconds most = {});

/// What poll(2)'s events say; those of epoll have the same values.
readiness readiness_of(unsigned events) noexcept;
unsigned events_of(readiness wanted) noexcept;

/// "cannot wait for descriptor 7"
std::string cannot_wait_for(int descriptor);

}  // namespace quartet::inline v0::detail
