// measure/ranking.hpp
//
// Which model was fastest at a workload, and by how much. Pure functions; any thread.
#pragma once

#include "measure/results.hpp"
#include "measure/statistics.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quartet::measure {

/// A good measurement and how the fastest compares with it.
struct placing {
    measurement const* what;
    double times_the_best;  ///< how many times the fastest's time it took; 1 for the fastest
    bool tied;              ///< with the fastest: the difference is no larger than the rounds' own
};

/// The good measurements of a workload, fastest first. The pointers are into `results`.
std::vector<placing> rank(results const& results, std::string_view workload);

/// The workloads of the results, in their order.
std::vector<std::string> workloads_of(results const& results);

}  // namespace quartet::measure
