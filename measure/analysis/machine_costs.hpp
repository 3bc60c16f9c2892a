// measure/analysis/machine_costs.hpp
//
// What each model costs on this machine. Measured by ordinary trials of synthetic work, in pairs whose times
// differ by one cost only. For one thread; forks.
#pragma once

#include "measure/trial/session.hpp"

#include <quartet/workload/advice.hpp>

namespace quartet::measure {

struct measured_costs {
    machine_costs costs;
    double disturbed_share;  ///< of the processors, what other programs and machines took meanwhile
};

/// Takes some ten seconds. Uses of the options the seed, the server, the scratch folder and the stop
/// descriptor. Without a server, waiting for the network is assumed to cost what sleeping costs. Throws
/// `interrupted`, std::system_error, and std::runtime_error if a trial fails.
measured_costs measure_costs(session_options options, session_observer& observer);

}  // namespace quartet::measure
