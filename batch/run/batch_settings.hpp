// batch/run/batch_settings.hpp
//
// How a batch is run. Plain values.
#pragma once

#include "batch/control/concurrency_control.hpp"
#include "batch/run/halt_rule.hpp"
#include "batch/run/job_queue.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace quartet::batch {

/// When a job that failed is tried again. One that could not be started is not, but for want of processes,
/// descriptors or memory, as long as others run that will give some back.
struct retry_rule {
    std::uint32_t times = 0;    ///< further tries at the most
    std::set<int> codes{};      ///< after these exit codes; empty: after any failure
    double pause = 1;           ///< seconds, before the first
    double factor = 2;          ///< each further pause is so many times as long
    double longest_pause = 60;  ///< but no longer than this
};

/// How long a job may take: seconds, or per cent of the median of those that have ended well.
struct time_limit {
    double seconds = 0;   ///< 0: no limit
    double per_cent = 0;  ///< likewise

    /// A median means little of few jobs: so many must have ended.
    static constexpr std::uint64_t fewest_for_median = 5;
};

struct batch_settings {
    concurrency_options at_once{};  ///< how many run at the same time
    std::size_t per_host = 0;       ///< of them with the same host in their input; 0: any number
    double rate = 0;                ///< starts a second at the most; 0: no limit
    retry_rule retry{};
    std::set<int> slow_down{};  ///< exit codes that say so: the job is tried again, `most_refusals` times
    time_limit limit{};
    std::optional<halt_rule> halt{};
    resume_kind resume = resume_kind::unfinished;
    bool keeps_order = false;
    std::string tag{};     ///< a name_pattern that each line of a job's output begins with; empty: none
    std::string output{};  ///< a name_pattern of the files for outputs; empty: they are given

    static constexpr std::uint32_t most_refusals = 10;
};

}  // namespace quartet::batch
