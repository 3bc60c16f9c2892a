// cli/table.hpp
//
// The table of a run, as text: a pair of rows (time, memory) per test, a column per model, the best marked;
// below it a sentence per test. Where the terminal is too narrow for the columns, the models stand below
// each other. Pure functions.
#pragma once

#include "cli/terminal.hpp"
#include "measure/results.hpp"

#include <string>

namespace quartet::cli {

/// The table.
std::string format_table(measure::results const& results, terminal const& where);

/// The sentences: who won by what ratio, what the seed found, and what went wrong.
std::string format_findings(measure::results const& results, terminal const& where);

}  // namespace quartet::cli
