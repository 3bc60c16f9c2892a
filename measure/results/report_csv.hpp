// measure/results/report_csv.hpp
//
// Results as CSV: a header and a line per workload and model. Pure function; any thread.
#pragma once

#include "measure/results/results.hpp"

#include <string>

namespace quartet::measure {

/// Quoted as RFC 4180 says, but lines end in \n, as the tools that read such files on Linux expect. An absent
/// figure is an empty cell, several numbers are separated by blanks, and lists of anything else are JSON.
/// The machine and the settings are not in it.
std::string to_csv(results const& what);

}  // namespace quartet::measure
