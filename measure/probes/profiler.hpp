// measure/probes/profiler.hpp
//
// Where the time of a running program goes. Its threads, and those of its descendants, are sampled from
// outside; the program is not changed. Processor time and waits for a processor are the kernel's own figures;
// what the rest of the time was spent on is estimated from the samples.
#pragma once

#include "measure/probes/thread_activity.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace quartet::measure {

/// Parts of a whole, by activity.
using activity_shares = std::array<double, activities>;

struct profiled_thread {
    pid_t process;
    pid_t thread;
    std::string name;
    double seconds = 0;        ///< that it was watched
    double cpu_seconds = 0;    ///< that it ran
    double queue_seconds = 0;  ///< that it waited for a processor
    activity_shares shares{};  ///< of the looks at it
};

struct program_profile {
    double seconds = 0;
    std::size_t looks = 0;
    double cpu_user_seconds = 0;
    double cpu_system_seconds = 0;
    double queue_seconds = 0;  ///< that threads waited for a processor, in sum
    std::uint64_t waits = 0;   ///< voluntary switches: how often a thread began to wait
    activity_shares shares{};  ///< of the time: what the program as a whole was at. A thread that computes
                               ///< counts before one that waits
    std::vector<profiled_thread> threads{};  ///< most processor time first
    bool saw_calls = true;  ///< false: system calls were not to be seen, so waits are not told apart
    double own_share = 0;   ///< of a processor, what watching took
    std::optional<int> exit_status{};  ///< of a program that was started and ended, as by waitpid()
};

/// Watches the tree of processes below `root` until it ends, `limit` has gone by or `stop_descriptor` is
/// readable. `is_child`: it is a child of this process, and is waited for.
///
/// Rests 100 times as long as its thread ran since the rest before, and never less than 2 ms: so it takes 1 %
/// of a processor.
program_profile watch_program(pid_t root, bool is_child, std::optional<std::chrono::nanoseconds> limit,
                              int stop_descriptor);

}  // namespace quartet::measure
