// cli/commands/compare.cpp
//
// `quartet compare`: what has changed from one file of results to another.

#include "cli/commands/commands.hpp"
#include "cli/parsing/exit_codes.hpp"
#include "cli/parsing/value_rule.hpp"
#include "cli/reports/baseline.hpp"
#include "cli/reports/report_files.hpp"
#include "cli/terminal/terminal.hpp"

#include <memory>
#include <string>
#include <unistd.h>

namespace quartet::cli {
namespace {

struct compare_options {
    std::string old_file;
    std::string new_file;
    baseline_options how;
    bool plain = false;
};

int compare(compare_options const& options) {
    auto const old_results = read_baseline(options.old_file);
    auto const new_results = read_baseline(options.new_file);
    check_comparable(old_results, new_results, options.how);
    auto const where = terminal::of(STDOUT_FILENO, options.plain);
    auto const [text, code] = compare_with_baseline(old_results, new_results, options.how, where);
    print_to(STDOUT_FILENO, text);
    return code;
}

}  // namespace

void add_compare(CLI::App& app, action& chosen) {
    auto const options = std::make_shared<compare_options>();
    auto* const command = app.add_subcommand("compare", "show what has changed between two files of results");
    takes_file(command->add_option("OLD", options->old_file, "results of an earlier run, as JSON"))
        ->required();
    takes_file(command->add_option("NEW", options->new_file, "results of a later one"))->required();
    add_baseline_options(*command, options->how);
    command->add_option("--margin", options->how.margin, "a smaller difference is taken for none")
        ->option_text("SHARE")
        ->capture_default_str();
    command->add_flag("--plain", options->plain, "in ASCII, without colours");
    command->footer(
        "Examples:\n"
        "  quartet compare before.json after.json\n"
        "  quartet compare main.json branch.json --fail-above 5%\n");
    command->callback([options, &chosen] { chosen = [options] { return compare(*options); }; });
}

}  // namespace quartet::cli
