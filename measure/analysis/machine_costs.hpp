// measure/analysis/machine_costs.hpp
//
// What each model asks for on this machine, from trials like any others: synthetic work under each model, of
// shapes whose times differ in one cost only. For one thread; forks.
#pragma once

#include "measure/trial/session.hpp"

#include <quartet/workload/advice.hpp>

namespace quartet::measure {

struct measured_costs {
    machine_costs costs;
    double disturbed_share;  ///< of the processors, what other programs and machines took meanwhile
};

/// Some ten seconds. Of the options those of the order, the server, the scratch folder and the stop
/// descriptor count; without a server, waiting for the network is taken to cost what sleeping does. Throws
/// `interrupted`, std::system_error, and std::runtime_error if a trial fails.
measured_costs measure_costs(session_options options, session_observer& observer);

}  // namespace quartet::measure
