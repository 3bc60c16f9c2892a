// measure/synthetic.hpp
//
// A workload of any shape: tasks that compute, wait, hold memory and give results as much as they are told.
// For measuring the machine itself, and for checking what is said about work that nobody has written yet. It
// is not among the registered ones, but a trial finds it by its name, in whichever program.
#pragma once

#include <quartet/advice.hpp>
#include <quartet/workload.hpp>

#include <chrono>
#include <cstdint>

namespace quartet::measure {

/// Parameters: `tasks`; of each task `steps` that it computes, `wait` in seconds, `memory` and `result` in
/// bytes.
workload const& synthetic_workload();

/// The parameters of work of that shape. Waits are slept, whatever they are for. Measures how fast this
/// machine computes, which differs a little from call to call: make them once for all that is to be compared.
parameter_values synthetic_parameters(work_shape const& work);

/// How many steps one thread takes in this time: the best of a few tries.
std::uint64_t steps_in(std::chrono::nanoseconds time);

}  // namespace quartet::measure
