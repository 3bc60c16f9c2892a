// cli/views/timeline_view.hpp
//
// What every task did and when, in characters: a row for each task, all models under one time axis. Pure
// functions.
#pragma once

#include "cli/terminal/terminal.hpp"
#include "measure/results/results.hpp"

#include <string>

namespace quartet::cli {

/// The timelines of all workloads. With more than a few dozen tasks only every n-th has a row. Empty if there
/// are no records.
std::string format_timelines(measure::results const& results, terminal const& where);

}  // namespace quartet::cli
