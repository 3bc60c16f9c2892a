// measure/analysis/work_kind.hpp
//
// What kind of work a program does, in the words of the Python study, and which model would suit it. Pure
// functions; any thread.
#pragma once

#include "measure/probes/profiler.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace quartet::measure {

enum class work_kind {
    cpu_bound,
    lock_bound,  ///< threads in each other's way
    fast_io,     ///< short waits for the network
    slow_io,     ///< long ones
    local_files,
    sleeping,
    others,  ///< waits for other programs, or for somebody to type
};

std::string_view to_string(work_kind kind) noexcept;

struct work_verdict {
    work_kind kind;
    std::string why;    ///< in a sentence, with the figures it goes by
    std::string suits;  ///< which model, in a sentence
};

/// Fewer say nothing.
inline constexpr std::size_t fewest_looks = 20;

/// Whether it computes for half of the time or more.
bool mostly_computes(program_profile const& of) noexcept;

/// What kind of work a profile shows; it needs `fewest_looks` or more. `cpus` may be used.
work_verdict judge_work(program_profile const& of, std::size_t cpus);

}  // namespace quartet::measure
