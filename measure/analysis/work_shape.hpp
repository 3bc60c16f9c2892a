// measure/analysis/work_shape.hpp
//
// What the tasks of a workload do, by how they ran. Pure functions; any thread.
#pragma once

#include "measure/results/results.hpp"

#include <quartet/workload/advice.hpp>

#include <string_view>

namespace quartet::measure {

/// From a run with `single`, where tasks are in nobody's way but that of other programs: what of the time was
/// neither processor time nor waiting for a processor was waited. What the program takes without tasks, by
/// `costs`, is taken out of the memory.
work_shape shape_of(measurement const& of_single, machine_costs const& costs);

/// What was measured, in the form of a prediction of it. `limit` and the numbers of tasks are the model's.
prediction as_prediction(measurement const& of, work_shape const& work, machine_costs const& costs);

/// The run with `single` of a workload that is good and counts; null if there is none.
measurement const* single_run_of(results const& all, std::string_view workload);

}  // namespace quartet::measure
