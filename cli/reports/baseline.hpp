// cli/reports/baseline.hpp
//
// Comparing results with earlier ones: what `quartet compare` does, and `quartet run --baseline` after its
// run.
#pragma once

#include "cli/parsing/exit_codes.hpp"
#include "cli/reports/report_options.hpp"
#include "cli/terminal/terminal.hpp"
#include "measure/results/results.hpp"

#include <CLI/CLI.hpp>

#include <optional>
#include <string>

namespace quartet::cli {

struct baseline_options {
    std::string fail_above;  ///< as it is typed; empty: changes are shown, and nothing fails
    std::string margin = "3%";
    bool fail_unresolved = false;
    bool anyway = false;
};

/// --fail-above, --fail-unresolved and --anyway.
void add_baseline_options(CLI::App& command, baseline_options& options);

/// A file of results. Throws usage_error.
measure::results read_baseline(std::string const& file);

/// Throws usage_error with what differs, unless that does not matter.
void check_comparable(measure::results const& old_results, measure::results const& new_results,
                      baseline_options const& options);

/// The baseline to compare with, if `file` names one. Throws usage_error, before a run starts, if it can't be
/// compared with what is planned, or if there is none and the options need one.
std::optional<measure::results> wanted_baseline(std::string const& file, baseline_options const& options,
                                                measure::results const& planned);

struct baseline_report {
    std::string text;
    exit_code code;  ///< something_failed for a regression beyond --fail-above; cannot_tell
};

/// Throws usage_error for options that are none.
baseline_report compare_with_baseline(measure::results const& old_results,
                                      measure::results const& new_results, baseline_options const& options,
                                      terminal const& where);

/// Prints what that says, unless reports are quiet; gives its exit code. `margin` is the run's.
exit_code show_changes(measure::results const& baseline, measure::results const& results,
                       baseline_options options, std::string const& margin, report_options const& reports);

}  // namespace quartet::cli
