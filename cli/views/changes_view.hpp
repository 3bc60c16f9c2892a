// cli/views/changes_view.hpp
//
// What has changed between two runs, as text. Pure function.
#pragma once

#include "cli/terminal/terminal.hpp"
#include "measure/analysis/changes.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace quartet::cli {

/// A line per row: the two medians, the change with its interval, and what that means; then a sentence that
/// counts, and one that names regressions beyond `fail_above`. `rounds`: what the run with fewer has.
std::string format_changes(std::vector<measure::change> const& changes, std::size_t rounds,
                           std::optional<double> fail_above, terminal const& where);

}  // namespace quartet::cli
