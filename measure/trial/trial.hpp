// measure/trial/trial.hpp
//
// One run of one workload under one model, measured from inside the process that was started for it
// (serve_trial.hpp).
#pragma once

#include "measure/trial/trial_protocol.hpp"

#include <quartet/backend/model.hpp>
#include <quartet/log.hpp>

#include <cstddef>
#include <functional>

namespace quartet::measure {

/// Moments that a sampler of memory outside of this process must know.
struct trial_hooks {
    std::function<void()> at_start;  ///< what is measured begins now; may be called again
    std::function<void()> at_end;    ///< the workload has run, its workers still live
};

/// The memory that a trial has for the tasks' records from its start to its end.
std::size_t recording_bytes(trial_request const& request) noexcept;

/// Runs the workload in this process. Throws nothing but std::bad_alloc: errors are in the result.
trial_result run_trial(trial_request const& request, log_handler log, trial_hooks const& hooks);

}  // namespace quartet::measure
