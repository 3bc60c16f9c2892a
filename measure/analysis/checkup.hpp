// measure/analysis/checkup.hpp
//
// Whether a machine is fit for measuring, and what to change if it is not. Taking the readings and judging
// them are separate functions; judging is pure. For one thread; forks.
#pragma once

#include "measure/probes/noise.hpp"
#include "measure/results/results.hpp"
#include "measure/trial/session.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace quartet::measure {

/// The same configuration measured against itself: what differs is noise.
struct noise_floor {
    std::string spec;
    std::size_t rounds = 0;
    double median_seconds = 0;
    double farthest = 0;  ///< how far from 1 the ratio's 95 % interval reaches: 0.02 is 2 %
};

/// What was found about the machine.
struct checkup_readings {
    measure::machine machine;
    noise idle;                                ///< over a second in which we did nothing
    double clock_nanoseconds = 0;              ///< that reading the clock takes
    double oversleep_microseconds = 0;         ///< that a sleep of a millisecond takes longer, in the median
    std::optional<std::uint64_t> tasks_limit;  ///< processes and threads that the control group may have
    std::uint64_t scratch_free_bytes = 0;
    std::string file_backend;  ///< "io_uring", or why there is none
    bool has_io_uring = false;
    bool shows_pss = false;
    bool shows_schedstat = false;
    bool traces_heap = false;
    double record_nanoseconds = 0;      ///< that a task's record costs
    double allocation_nanoseconds = 0;  ///< that heap tracing adds to a call, in a warm-up
    double sample_microseconds = 0;     ///< that a sample of a small process tree's memory takes
    std::vector<noise_floor> floors;
};

/// Some three seconds, beside the noise floors. `scratch` is where trials would put their files.
checkup_readings take_readings(std::filesystem::path const& scratch);

/// Measures synthetic work that computes, under a model against itself. Throws `interrupted`,
/// std::system_error.
noise_floor measure_floor(std::string const& spec, std::size_t rounds, session_options options);

enum class fitness { good, note, warning };

/// One line of the checkup.
struct checkup_finding {
    std::string subject;
    std::string value;
    fitness verdict = fitness::good;
    std::string advice{};  ///< what it means, and what to do about it; empty if it is good
};

std::vector<checkup_finding> judge(checkup_readings const& readings);

}  // namespace quartet::measure
