// measure/calibration.hpp
//
// A workload that only computes, of a known length: for measuring the machine itself. It is not among the
// registered ones, but a trial finds it by its name, in whichever program.
#pragma once

#include <quartet/workload.hpp>

#include <chrono>
#include <cstdint>

namespace quartet::measure {

/// Tasks that compute for a given number of steps each. Parameters: `tasks`, `steps`.
workload const& computing_workload();

/// How many steps one thread takes in this time: the best of a few tries.
std::uint64_t steps_in(std::chrono::nanoseconds time);

}  // namespace quartet::measure
