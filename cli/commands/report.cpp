// cli/commands/report.cpp
//
// `quartet report`: draws the results in a file, as `quartet run` draws its own.

#include "cli/commands/commands.hpp"
#include "cli/parsing/exit_codes.hpp"
#include "cli/parsing/value_rule.hpp"
#include "cli/reports/baseline.hpp"
#include "cli/reports/report_files.hpp"
#include "cli/reports/report_options.hpp"
#include "cli/views/timeline_view.hpp"

#include <fmt/format.h>

#include <memory>
#include <signal.h>
#include <string>
#include <unistd.h>

namespace quartet::cli {
namespace {

struct drawing_options {
    std::string results;
    report_options pictures;
    bool timeline = false;
};

int draw(drawing_options const& options) {
    if (!options.pictures.wants_pictures() && !options.timeline)
        throw usage_error("nothing to draw: say where to with -o, --svg or --trace, or give --timeline");
    signal(SIGPIPE, SIG_IGN);
    auto const results = read_baseline(options.results);
    check_writable(options.pictures);
    if (options.timeline) {
        auto const text = format_timelines(results, options.pictures.screen());
        if (text.empty()) throw usage_error(fmt::format("{}: has no tasks' records", options.results));
        print_to(options.pictures.stream(), text);
    }
    write_reports(options.pictures, results, true);
    return all_well;
}

}  // namespace

void add_report(CLI::App& app, action& chosen) {
    auto const options = std::make_shared<drawing_options>();
    auto* const command = app.add_subcommand("report", "draw results: a page, pictures, a timeline");
    takes_file(command->add_option("RESULTS", options->results, "what `quartet run --json` has written"))
        ->required();
    add_picture_options(*command, options->pictures);
    command->add_flag("--timeline", options->timeline, "show what every task did and when");
    command->add_flag("--plain", options->pictures.plain, "in ASCII, without colours");
    command->footer(
        "Examples:\n"
        "  quartet report results.json -o report.html\n"
        "  quartet report results.json --svg pictures\n"
        "  quartet report results.json --trace trace.json\n"
        "  quartet report results.json --timeline\n");
    command->callback([options, &chosen] { chosen = [options] { return draw(*options); }; });
}

}  // namespace quartet::cli
