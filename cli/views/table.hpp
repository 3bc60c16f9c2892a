// cli/views/table.hpp
//
// The table of a run, as text: a pair of rows (time, memory) per test, a column per model, the best marked.
// Where the terminal is too narrow for the columns, the models stand below each other. Pure function.
#pragma once

#include "cli/terminal/terminal.hpp"
#include "measure/results/results.hpp"

#include <string>

namespace quartet::cli {

/// "median of 7 rounds", "median of 7 to 11 rounds" where tests were measured until they were precise enough.
std::string rounds_text(measure::results const& results);

/// How the memory of the process trees was measured: "pss", or "pss+hwm, rss" where it was not always the
/// same.
std::string methods_of(measure::results const& results);

std::string format_table(measure::results const& results, terminal const& where);

}  // namespace quartet::cli
