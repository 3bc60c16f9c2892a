// cli/views/findings.hpp
//
// What a run has shown, in sentences. Pure functions.
#pragma once

#include "cli/terminal/terminal.hpp"
#include "measure/results/results.hpp"

#include <string>

namespace quartet::cli {

/// The sentences about one workload: which model won and by what ratio, and what the Python study found; then
/// what makes figures doubtful, and what went wrong.
std::string format_findings(measure::results const& results, std::string const& workload,
                            terminal const& where);

/// Only what went wrong.
std::string format_troubles(measure::results const& results, std::string const& workload,
                            terminal const& where);

/// Of the run as a whole: what disturbed it, and whether it was cut short. Empty if there is nothing to say.
std::string format_conditions(measure::results const& results, terminal const& where);

}  // namespace quartet::cli
