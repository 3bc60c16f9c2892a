// measure/trial/trial_process.hpp
//
// The side of the tool: runs a trial in a fresh process of this same program, so that one model's memory or
// warm caches never colour another's, and watches its memory from outside. For one thread.
#pragma once

#include "measure/trial/cluster_survey.hpp"
#include "measure/trial/trial_protocol.hpp"

#include <cstdint>
#include <string>

namespace quartet::measure {

/// A trial as seen from outside.
struct trial_report {
    trial_result result;
    std::uint64_t tree_peak_bytes = 0;
    std::string tree_peak_method;
    double cpu_seconds = 0;     ///< of all its processes, from first to last
    double sampling_share = 0;  ///< of a processor, what sampling its memory took
    usage_table usage;          ///< if the trial was for pictures
};

/// Thrown when `stop_descriptor` became readable before the trial was over.
struct interrupted {};

/// Starts `/proc/self/exe trial`, or for a trial on a cluster a fork (trial_forker.hpp), as the leader of a
/// process group of its own, and waits for its result.
///
/// When `stop_descriptor` becomes readable, kills the whole group and throws `interrupted`. A trial that
/// dies, or exits without a result, is a result with an error. Nothing of the group is left when this
/// returns. Throws std::system_error if the process can't be started.
trial_report run_trial_process(trial_request const& request, int stop_descriptor);

/// Has a survey made (cluster_survey.hpp) in a process that is forked likewise. For the root of a cluster.
survey_result run_survey_process(survey_request const& request, int stop_descriptor);

}  // namespace quartet::measure
