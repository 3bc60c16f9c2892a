// cli/views/results_view.hpp
//
// The results of a run as text for a terminal. Pure function.
#pragma once

#include "cli/terminal/terminal.hpp"
#include "measure/results/results.hpp"

#include <string>

namespace quartet::cli {

enum class results_style {
    with_bars,
    plain,  ///< figures only
};

/// A block per test: a line per model with its time, how sure that is, a bar, processor time and memory; then
/// what it shows, in sentences. What does not fit into the width is left out, the least important first.
std::string format_results(measure::results const& results, terminal const& where, results_style style);

}  // namespace quartet::cli
