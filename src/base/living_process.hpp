// src/base/living_process.hpp
//
// Whether a process that was noted some time ago is still there. Its number may be another's by now, so the
// moment when it was started is noted too; one that has ended and that nobody has waited for is not there.
#pragma once

#include <cstdint>
#include <sys/types.h>

namespace quartet::inline v0::detail {

struct process_mark {
    pid_t pid = 0;
    std::uint64_t started = 0;  ///< in ticks since the machine was; 0: unknown, as where there is no /proc

    bool operator==(process_mark const&) const = default;
};

/// `started` is 0 if there is no such process.
process_mark mark_of(pid_t process) noexcept;
process_mark mark_of_this_process() noexcept;

/// Some microseconds. Where the system does not tell, it is taken to be living.
bool is_living(process_mark const& noted) noexcept;

}  // namespace quartet::inline v0::detail
