// cli/views/check_view.hpp
//
// What a check has found, as text. Pure function.
#pragma once

#include "cli/terminal/terminal.hpp"
#include "measure/analysis/consistency.hpp"

#include <string>

namespace quartet::cli {

/// The simplest way of running that gave something else, with the first tasks that did; the other ways; then
/// what that means.
std::string format_check(std::string const& workload, measure::check_results const& results,
                         terminal const& where);

}  // namespace quartet::cli
