// measure/trial/synthetic.hpp
//
// A workload of any shape: tasks that compute, wait, hold memory and give results as much as they are told.
// For measuring the machine itself, and for checking what is said about work that nobody has written yet. It
// is not among the registered ones, but a trial finds it by its name, in whichever program: a name that none
// of those may have.
#pragma once

#include <quartet/workload/advice.hpp>
#include <quartet/workload/registry.hpp>

#include <chrono>
#include <cstdint>

namespace quartet::measure {

/// Parameters: `tasks`; of each task `steps` that it computes, `waits` and the `wait` of all of them in
/// seconds, what it waits `for`, `memory`, `input` and `result` in bytes. For the network it asks the test
/// server for an answer that comes so late, in whole milliseconds; for a disk it reads a small file, and
/// sleeps.
workload const& synthetic_workload();

/// The parameters of work of that shape; filling its memory is the least that a task computes. Measures how
/// fast this machine computes, which differs a little from call to call: make them once for all that is to be
/// compared.
parameter_values synthetic_parameters(work_shape const& work);

/// How many steps one thread takes in this time: the best of a few tries.
std::uint64_t steps_in(std::chrono::nanoseconds time);

/// How long one thread takes to fill so much memory that it has touched before; part of what a task computes.
/// `again`: the memory was filled a moment ago and is still in the caches. For tasks that wait in between it
/// is not, and filling takes several times as long.
double seconds_to_fill(double bytes, bool again);

}  // namespace quartet::measure
