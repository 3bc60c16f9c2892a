// src/advice/task_time.hpp
//
// How the time that a task took divides into computing and waiting. Pure; any thread.
#pragma once

#include <algorithm>

namespace quartet::inline v0::detail {

struct task_time {
    double cpu_seconds;
    double wait_seconds;
};

/// Divides the time of a task that took `seconds`, had a processor for `cpu_seconds`, and for
/// `queued_seconds` wanted one that others had. The last is no waiting, as it is gone on a machine with time
/// to spare. Less than 2 % is no waiting either: the clock runs a little longer than a task does, and not all
/// of a processor's time is accounted to it.
inline task_time divide(double seconds, double cpu_seconds, double queued_seconds = 0) noexcept {
    constexpr double least_wait = 0.02;
    double const computed = std::min(seconds, cpu_seconds);
    double const queued = std::clamp(queued_seconds, 0.0, seconds - computed);
    double const waited = seconds - computed - queued;
    if (waited < least_wait * (seconds - queued)) return {seconds - queued, 0};
    return {computed, waited};
}

}  // namespace quartet::inline v0::detail
