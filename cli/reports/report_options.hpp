// cli/reports/report_options.hpp
//
// Where the results of a command go: which report files, and what is shown at the terminal.
#pragma once

#include "cli/terminal/terminal.hpp"
#include "measure/results/results.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>

namespace quartet::cli {

struct report_options {
    std::string json;
    std::string csv;
    std::string markdown;
    std::string html;
    std::string trace;
    std::string svg;     ///< a folder
    bool quiet = false;  ///< say only what goes wrong
    bool plain = false;  ///< no pictures, no colours, ASCII only

    /// Whether more has to be recorded than measuring needs.
    bool wants_pictures() const { return !html.empty() || !trace.empty() || !svg.empty(); }

    /// The descriptor that people read: standard output, or standard error if a report goes to standard
    /// output.
    int stream() const;

    /// What that descriptor can show.
    terminal screen() const;
};

/// --json, --csv and --markdown.
void add_table_options(CLI::App& command, report_options& options);

/// --html.
void add_page_option(CLI::App& command, report_options& options);

/// --quiet and --plain.
void add_screen_options(CLI::App& command, report_options& options);

/// --html, --trace and --svg.
void add_picture_options(CLI::App& command, report_options& options);

/// All of these.
void add_report_options(CLI::App& command, report_options& options);

/// Throws usage_error, which names the flag, if this build has no page.
void check_page(std::string_view flag);

/// Throws usage_error for a file or folder that can't be written, and for pictures that this build can't
/// draw.
void check_writable(report_options const& options);

/// Writes the reports, each whole. `finished`: also those that go to standard output. Throws
/// std::system_error.
void write_reports(report_options const& options, measure::results const& results, bool finished);

}  // namespace quartet::cli
