// cli/views/sweep_view.hpp
//
// The curves of a sweep as text for a terminal, and in sentences. Pure functions.
#pragma once

#include "cli/terminal/terminal.hpp"
#include "measure/results/results.hpp"

#include <string>

namespace quartet::cli {

/// What the curves of a sweep tell: for each a line with the best count, the law and its knee. ASCII.
std::string sweep_sentences(measure::results const& results);

/// A block per curve: a line per count with its time and throughput, a bar with whiskers, and where the
/// fitted law lies; then the best count, the law and its knee, in sentences. What does not fit into the width
/// is left out.
std::string format_sweep(measure::results const& results, terminal const& where);

}  // namespace quartet::cli
