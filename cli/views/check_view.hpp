// cli/views/check_view.hpp
//
// What a check has found, as text. Pure function.
#pragma once

#include "cli/terminal/terminal.hpp"
#include "measure/analysis/consistency.hpp"

#include <string>

namespace quartet::cli {

/// The simplest way to run the tasks that gave other results than `single`, and the first of these tasks;
/// then the other such ways; then what that means.
std::string format_check(std::string const& workload, measure::check_results const& results,
                         terminal const& where);

}  // namespace quartet::cli
