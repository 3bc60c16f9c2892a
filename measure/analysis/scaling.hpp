// measure/analysis/scaling.hpp
//
// From the measurements of a sweep to curves: how throughput grows with the number of workers, which law it
// follows, and which number is best. Pure functions; any thread.
#pragma once

#include "measure/results/results.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace quartet::measure {

/// A measurement, and the number it was made with.
struct counted_measurement {
    std::size_t count;
    measurement const* what;
};

/// The curve of some measurements of one workload whose models differ in one number. The best is the least
/// count of those that are as fast as the fastest, by the rounds and within the margin, for fewer cost less.
/// Counts that failed are in the curve, but neither in the law nor the best.
scaling_curve curve_of(std::vector<counted_measurement> const& measurements, std::string const& model,
                       std::string const& axis, double margin);

}  // namespace quartet::measure
