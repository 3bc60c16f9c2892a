// measure/trial/serve_trial.hpp
//
// The side of the trial: what a program does that trial_process.hpp has started as one.
#pragma once

#include "measure/trial/trial_protocol.hpp"

#include <quartet/log.hpp>

#include <utility>

namespace quartet::measure {

/// Takes the request, runs it and sends the result; returns the exit code. `log` hears of the workload's log
/// lines if the request asks for them. It talks through `descriptor`, which it owns.
int serve_trial(int descriptor, log_handler log);
inline int serve_trial(log_handler log) {
    return serve_trial(trial_descriptor, std::move(log));
}

}  // namespace quartet::measure
