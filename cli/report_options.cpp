#include "cli/report_options.hpp"

#include "cli/report_files.hpp"
#include "measure/report_csv.hpp"
#include "measure/report_json.hpp"
#include "measure/report_markdown.hpp"

#include <array>
#include <string_view>
#include <unistd.h>

namespace quartet::cli {
namespace {

struct report {
    std::string_view flag;
    std::string const& file;
    std::string (*format)(measure::results const&);
};

std::array<report, 3> reports_of(report_options const& options) {
    return {{{"--json", options.json, measure::to_json},
             {"--csv", options.csv, measure::to_csv},
             {"--markdown", options.markdown, measure::to_markdown}}};
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

void add_report_options(CLI::App& command, report_options& options) {
    command
        .add_option("--json", options.json,
                    "write the results as JSON; - is standard output, and the rest goes to standard error")
        ->option_text("FILE");
    command.add_option("--csv", options.csv, "the same as CSV")->option_text("FILE");
    command.add_option("--markdown", options.markdown, "the same as Markdown")->option_text("FILE");
    auto* const quiet = command.add_flag("--quiet,-q", options.quiet, "say only what goes wrong");
    command.add_flag("--plain", options.plain, "a table in ASCII, without bars or colours")->excludes(quiet);
}

void check_writable(report_options const& options) {
    for (auto const& each : reports_of(options))
        check_writable(each.flag, each.file);
}

void write_reports(report_options const& options, measure::results const& results, bool finished) {
    for (auto const& each : reports_of(options)) {
        if (each.file.empty() || (!finished && is_standard_output(each.file))) continue;
        write_report(each.file, each.format(results));
    }
}

}  // namespace quartet::cli
