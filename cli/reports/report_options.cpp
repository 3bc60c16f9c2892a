#include "cli/reports/report_options.hpp"

#include "cli/advice/results_advice.hpp"
#include "cli/parsing/errors.hpp"
#include "cli/parsing/value_rule.hpp"
#include "cli/reports/report_files.hpp"
#include "measure/results/atomic_file.hpp"
#include "measure/results/report_csv.hpp"
#include "measure/results/report_json.hpp"
#include "measure/results/report_markdown.hpp"
#include "report/html.hpp"
#include "report/svg.hpp"
#include "report/trace.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <unistd.h>

namespace quartet::cli {
namespace {

struct file_report {
    std::string_view flag;
    std::string const& file;
    std::string (*format)(measure::results const&);
};

std::string to_page(measure::results const& results) {
    return report::to_html(results, advice_for_report(results));
}

std::array<file_report, 5> reports_of(report_options const& options) {
    return {{{"--json", options.json, measure::to_json},
             {"--csv", options.csv, measure::to_csv},
             {"--markdown", options.markdown, measure::to_markdown},
             {"--html", options.html, to_page},
             {"--trace", options.trace, report::to_trace}}};
}

void check_folder(std::string_view flag, std::string const& folder) {
    if (folder.empty()) return;
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (!error && access(folder.c_str(), W_OK) != 0) error = {errno, std::generic_category()};
    if (error) throw usage_error(fmt::format("{}: cannot write to '{}': {}", flag, folder, error.message()));
}

}  // namespace

int report_options::stream() const {
    for (auto const& each : reports_of(*this)) {
        if (is_standard_output(each.file)) return STDERR_FILENO;
    }
    return STDOUT_FILENO;
}

terminal report_options::screen() const {
    return terminal::of(stream(), plain);
}

void add_page_option(CLI::App& command, report_options& options) {
    takes_file(command.add_option("--html,-o", options.html, "draw the results: a page in one file"))
        ->option_text("FILE");
}

void add_picture_options(CLI::App& command, report_options& options) {
    add_page_option(command, options);
    takes_file(command.add_option("--trace", options.trace,
                                  "write what each task did, for Perfetto or chrome://tracing"))
        ->option_text("FILE");
    takes_folder(command.add_option("--svg", options.svg, "write each chart as a picture of its own"))
        ->option_text("DIR");
}

void add_table_options(CLI::App& command, report_options& options) {
    takes_file(command.add_option(
                   "--json", options.json,
                   "write the results as JSON; - is standard output, and the rest goes to standard error"))
        ->option_text("FILE");
    takes_file(command.add_option("--csv", options.csv, "the same as CSV"))->option_text("FILE");
    takes_file(command.add_option("--markdown", options.markdown, "the same as Markdown"))
        ->option_text("FILE");
}

void add_screen_options(CLI::App& command, report_options& options) {
    auto* const quiet = command.add_flag("--quiet,-q", options.quiet, "say only what goes wrong");
    command.add_flag("--plain", options.plain, "a table in ASCII, without bars or colours")->excludes(quiet);
}

void add_report_options(CLI::App& command, report_options& options) {
    add_table_options(command, options);
    add_picture_options(command, options);
    add_screen_options(command, options);
}

void check_page(std::string_view flag) {
    if (report::has_page()) return;
    throw usage_error(
        fmt::format("{}: this quartet was built without its report page; configure it again, and the build "
                    "says what it lacks",
                    flag));
}

void check_writable(report_options const& options) {
    if (!options.html.empty()) check_page("--html");
    if (!options.svg.empty()) check_page("--svg");
    for (auto const& each : reports_of(options))
        check_writable(each.flag, each.file);
    check_folder("--svg", options.svg);
}

void write_reports(report_options const& options, measure::results const& results, bool finished) {
    for (auto const& each : reports_of(options)) {
        if (each.file.empty() || (!finished && is_standard_output(each.file))) continue;
        write_report(each.file, each.format(results));
    }
    if (options.svg.empty() || !finished) return;
    for (auto const& each : report::draw_charts(results))
        measure::write_file_whole((std::filesystem::path(options.svg) / each.name).native(), each.svg);
}

}  // namespace quartet::cli
