// measure/trial/serve_trial.hpp
//
// The side of the trial: what a program does that trial_process.hpp has started as one.
#pragma once

#include <quartet/log.hpp>

namespace quartet::measure {

/// Takes the request, runs it and sends the result; returns the exit code. `log` hears of the workload's log
/// lines if the request asks for them.
int serve_trial(log_handler log);

}  // namespace quartet::measure
