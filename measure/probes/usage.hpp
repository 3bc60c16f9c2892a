// measure/probes/usage.hpp
//
// What this process and its descendants have used, as the kernel accounts for it. Two system calls; any
// thread.
#pragma once

#include <chrono>
#include <cstdint>

struct rusage;

namespace quartet::measure {

struct usage {
    double cpu_user_seconds = 0;
    double cpu_system_seconds = 0;
    std::int64_t voluntary_switches = 0;    ///< a thread began to wait
    std::int64_t involuntary_switches = 0;  ///< a thread had to make way for another
    std::int64_t minor_faults = 0;          ///< a page was given without a disk
    std::int64_t major_faults = 0;          ///< a disk had to be asked for one
    std::int64_t read_bytes = 0;            ///< from disks, not from the page cache
    std::int64_t written_bytes = 0;         ///< to disks, at once or later; not to file systems in memory
};

/// Since they started: this process, and those of its descendants that have ended and were waited for, by a
/// parent that was waited for, and so on. So ask when the workers have been reaped.
usage usage_of_this_tree();

usage usage_from(rusage const& figures);

/// Since it started, as the thread's own clock has it.
std::chrono::nanoseconds processor_time_of_this_thread() noexcept;

usage operator+(usage const& one, usage const& other);
usage operator-(usage const& later, usage const& earlier);

}  // namespace quartet::measure
