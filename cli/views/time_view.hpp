// cli/views/time_view.hpp
//
// Times of command lines as text for a terminal. Pure function.
#pragma once

#include "cli/terminal/terminal.hpp"
#include "cli/views/results_view.hpp"
#include "measure/results/results.hpp"

#include <string>

namespace quartet::cli {

/// A line per row: its time, how sure that is, how it compares, processor time, memory, and what the
/// processor counted; then what the run shows, in sentences. What does not fit into the width is left out,
/// the least important first. `reference`: the name of the row that the others are compared with; empty: the
/// fastest.
std::string format_times(measure::results const& results, std::string const& reference, terminal const& where,
                         results_style style);

}  // namespace quartet::cli
