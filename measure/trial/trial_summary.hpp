// measure/trial/trial_summary.hpp
//
// What the trials of a measurement say together: medians, and what makes them doubtful. Pure; any thread.
#pragma once

#include "measure/results/results.hpp"

#include <cstddef>

namespace quartet::measure {

/// Sets the figures of `of` that are medians of its trials, marks its outliers, and adds the warnings that
/// its times give reason for. False, and nothing is set, if no trial counts.
///
/// `configurations`: how many the run has. Doubts are raised such that the chance of a false one among all
/// of them together is 5 %.
bool summarize_trials(measurement& of, std::size_t configurations);

}  // namespace quartet::measure
