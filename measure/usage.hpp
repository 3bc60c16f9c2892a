// measure/usage.hpp
//
// What this process and its descendants have used: processor time, context switches, page faults. Two
// system calls; any thread.
#pragma once

#include <cstdint>

namespace quartet::measure {

struct usage {
    double cpu_user_seconds = 0;
    double cpu_system_seconds = 0;
    std::int64_t context_switches = 0;  ///< voluntary and involuntary
    std::int64_t page_faults = 0;       ///< minor and major
};

/// Since they started: this process, and those of its descendants that have ended and were waited for, by a
/// parent that was waited for, and so on. So ask when the workers have been reaped.
usage usage_of_this_tree();

usage operator-(usage const& later, usage const& earlier);

}  // namespace quartet::measure
