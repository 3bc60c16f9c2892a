// measure/analysis/work_shape.hpp
//
// What the tasks of a workload do, by how they ran. Pure functions; any thread.
#pragma once

#include "measure/results/results.hpp"

#include <quartet/workload/advice.hpp>

#include <string_view>

namespace quartet::measure {

/// From a run with `single`, where no task delays another: the time that was neither spent on a processor nor
/// waiting for one was waiting in the tasks. The memory is what remains after subtracting what `costs` says
/// the program takes without tasks.
work_shape shape_of(measurement const& of_single, machine_costs const& costs);

/// Adds what a run on a cluster tells: the bytes that a task is given, and those that it gives, which are
/// then in neither its memory nor its processor time. False, and nothing, if it does not tell.
bool take_sizes(work_shape& shape, measurement const& of_cluster, machine_costs const& costs);

/// The run of a workload on a cluster that tells that; null if there is none.
measurement const* run_with_sizes(results const& all, std::string_view workload);

/// A measurement in the form of a prediction, so that both can be shown alike. `limit` and the numbers of
/// tasks are the model's. Processor time and memory of a cluster are with what talks MPI. Of a cluster that
/// the costs do not know `limit` says nothing.
prediction as_prediction(measurement const& of, work_shape const& work, machine_costs const& costs);

/// The run with `single` of a workload that is good and counts; null if there is none.
measurement const* single_run_of(results const& all, std::string_view workload);

}  // namespace quartet::measure
