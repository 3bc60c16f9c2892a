// src/advice/task_time.hpp
//
// Divides the measured time of a task into computing and waiting, which is what advice goes by. Pure
// functions; any thread.
#pragma once

#include <algorithm>

namespace quartet::inline v0::detail {

struct task_time {
    double cpu_seconds;
    double wait_seconds;
};

/// Divides the time of a task that took `seconds`: it had a processor for `cpu_seconds`, and was ready to run
/// but had none for `queued_seconds`. That last time is not counted as waiting, as it is gone on a machine
/// with time to spare. A wait of less than 2 % is not counted either: the clock runs a little longer than a
/// task does, and the kernel does not account all of a processor's time to it.
inline task_time divide(double seconds, double cpu_seconds, double queued_seconds = 0) noexcept {
    constexpr double least_wait = 0.02;
    double const computed = std::min(seconds, cpu_seconds);
    double const queued = std::clamp(queued_seconds, 0.0, seconds - computed);
    double const waited = seconds - computed - queued;
    if (waited < least_wait * (seconds - queued)) return {seconds - queued, 0};
    return {computed, waited};
}

}  // namespace quartet::inline v0::detail
