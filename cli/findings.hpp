// cli/findings.hpp
//
// What a run has shown, in sentences. Pure function.
#pragma once

#include "cli/terminal.hpp"
#include "measure/results.hpp"

#include <string>

namespace quartet::cli {

/// A sentence per test: who won by what ratio, and what the seed found; below it what went wrong.
std::string format_findings(measure::results const& results, terminal const& where);

}  // namespace quartet::cli
