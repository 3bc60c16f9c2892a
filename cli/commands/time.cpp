// cli/commands/time.cpp
//
// `quartet time`: command lines against each other.

#include "cli/commands/commands.hpp"
#include "cli/measuring/measuring.hpp"
#include "cli/measuring/scratch.hpp"
#include "cli/measuring/timed_lines.hpp"
#include "cli/measuring/timing_method.hpp"
#include "cli/parsing/errors.hpp"
#include "cli/parsing/exit_codes.hpp"
#include "cli/parsing/value_rule.hpp"
#include "cli/reports/baseline.hpp"
#include "cli/reports/report_files.hpp"
#include "cli/reports/report_options.hpp"
#include "cli/terminal/interrupt.hpp"
#include "cli/terminal/text.hpp"
#include "cli/terminal/timing_progress.hpp"
#include "cli/views/time_view.hpp"
#include "measure/commands/command_session.hpp"
#include "measure/probes/machine.hpp"

#include <quartet/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <signal.h>
#include <string>
#include <utility>

namespace quartet::cli {
namespace {

struct time_options {
    line_options lines;
    timing_options how;
    std::string reference;
    report_options reports;
    std::string baseline;
    baseline_options compared;
};

/// The name of the row that is meant. Throws usage_error.
std::string reference_of(time_options const& options, timed_plan const& what) {
    if (options.reference.empty()) return {};
    std::string names;
    for (auto const& row : what.rows) {
        if (row.name == options.reference || row.line == options.reference) return row.name;
        names += (names.empty() ? "'" : ", '") + row.name + '\'';
    }
    throw usage_error(
        fmt::format("--reference: there is no row '{}'; there are {}", options.reference, names));
}

measure::results document_of(timing_method const& how, line_options const& lines, timed_plan const& what,
                             measure::command_session_results found) {
    measure::results made{.quartet = QUARTET_VERSION,
                          .machine = measure::this_machine(temporary_folder()),
                          .settings = {.command = command_text(),
                                       .warmup = how.session.warmup,
                                       .rounds = std::max<std::size_t>(found.rounds, 1),
                                       .precision = how.session.precision,
                                       .margin = how.margin,
                                       .seed = how.session.seed},
                          .conditions = std::move(found.conditions),
                          .measurements = std::move(found.measurements)};
    if (how.session.budget) made.settings.budget_seconds = how.session.budget->count();
    auto const set = [&](std::string const& name, std::string const& value) {
        if (!value.empty()) made.settings.parameters["time." + name] = value;
    };
    bool const any_shell = std::ranges::any_of(what.rows, &measure::timed_row::through_shell);
    if (any_shell) set("shell", lines.shell);
    set("output", how.output);
    set("input", how.session.starting.input_file);
    return made;
}

/// The table, the sentences and the files.
void show(time_options const& options, std::string const& reference, measure::results const& results) {
    write_reports(options.reports, results, true);
    if (options.reports.quiet) return;
    auto const style = options.reports.plain ? results_style::plain : results_style::with_bars;
    print_to(options.reports.stream(), format_times(results, reference, options.reports.screen(), style));
}

int time_lines(time_options const& options) {
    interrupt const stop;
    signal(SIGPIPE, SIG_IGN);  // a reader that goes away must not cost the report files
    check_writable(options.reports);
    auto const what = plan_lines(options.lines);
    auto const reference = reference_of(options, what);
    auto how = choose_timing(options.how);
    how.session.commands = what.commands;
    how.session.empty_shell = what.empty_shell;
    how.session.stop_descriptor = stop.descriptor();
    int signalled = 0;
    how.session.take_stop = [&] {
        if (int const number = stop.signal(); signalled == 0) signalled = number;
    };
    auto const document = [&](measure::command_session_results found) {
        return document_of(how, options.lines, what, std::move(found));
    };
    auto const baseline = wanted_baseline(options.baseline, options.compared, document({}));
    timing_progress shown(!options.reports.quiet && how.session.starting.output != measure::output_to::here,
                          [&](measure::command_session_results const& so_far) {
                              if (measure::has_counted_rounds(so_far.measurements))
                                  write_reports(options.reports, document(so_far), false);
                          });
    auto found = measure::run_command_session(what.rows, how.session, shown);
    shown.clear();
    bool const measured = measure::has_counted_rounds(found.measurements);
    bool const cut_short = found.conditions.stopped_by == "interrupt";
    auto const failure = found.failure;
    bool const not_started = found.start_failed && !measured;
    auto const results = document(std::move(found));
    if (measured) show(options, reference, results);
    if (!failure.empty()) throw failed_with(not_started ? bad_usage : something_failed, printable(failure));
    if (cut_short) {
        if (!measured) fmt::print(stderr, "quartet time: cut short before anything was measured\n");
        return interrupted_by + signalled;
    }
    exit_code const changed =
        baseline ? show_changes(*baseline, results, options.compared, options.how.margin, options.reports)
                 : all_well;
    return std::ranges::all_of(results.measurements, measure::is_good) ? changed : something_failed;
}

CLI::Option* once_a_line(CLI::Option* option) {
    return option->expected(1)->take_all()->allow_extra_args(false);
}

void add_line_options(CLI::App& command, line_options& options) {
    command.add_option("LINE", options.lines, "a command line in quotes, as one types it to a shell");
    auto const add = [&](char const* name, std::vector<std::string>& texts, char const* help,
                         char const* value) {
        once_a_line(command.add_option(name, texts, help))->option_text(value);
    };
    add("--name,-n", options.names, "what to call a line: the first --name the first, and so on", "NAME");
    add("--scan", options.scans,
        "a number in braces, as in 'gzip -{level} f': level=1..9, level=1..9:2 in steps of 2, level=1..64:*2 "
        "each twice the last; several combine",
        "NAME=RANGE");
    add("--list", options.lists, "a text in braces: tool=gzip,zstd; \\, is a comma in one", "NAME=TEXT,...");
    add("--setup,-s", options.setup, "what to run once before a line is measured; one for all or one a line",
        "LINE");
    add("--prepare,-p", options.prepare, "what to run before each run, not measured", "LINE");
    add("--conclude", options.conclude, "what to run after each run, not measured", "LINE");
    add("--cleanup,-c", options.cleanup, "what to run once when a line has been measured", "LINE");
    command
        .add_option("--shell", options.shell,
                    "auto: /bin/sh for lines that need one, none, or the shell for every line; its start is "
                    "measured and taken off")
        ->option_text("auto|none|SHELL")
        ->capture_default_str();
}

}  // namespace

void add_time(CLI::App& app, action& chosen) {
    auto const options = std::make_shared<time_options>();
    auto* const command = app.add_subcommand("time", "measure command lines against each other");
    add_line_options(*command, options->lines);
    add_timing_options(*command, options->how);
    command
        ->add_option("--reference", options->reference,
                     "the row to which ratios are shown, by its name or line")
        ->option_text("NAME");
    add_table_options(*command, options->reports);
    add_page_option(*command, options->reports);
    add_screen_options(*command, options->reports);
    takes_file(
        command->add_option("--baseline", options->baseline, "earlier results, as JSON, to compare with"))
        ->option_text("FILE");
    add_baseline_options(*command, options->compared);
    command->footer(
        "Examples:\n"
        "  quartet time 'gzip -kf f' 'zstd -qf f' 'xz -kf1 f'\n"
        "  quartet time --scan level=1..9 --prepare 'rm -f f.gz' 'gzip -k{level} f'\n"
        "  quartet time --list tool=gzip,zstd --name '{tool}' '{tool} -kf f'\n"
        "  quartet time --setup 'make -s' --prepare 'sync' --rounds 20 ./a.out\n"
        "  quartet time --json now.json --baseline before.json --fail-above 5% ./a.out\n");
    command->callback([options, &chosen] { chosen = [options] { return time_lines(*options); }; });
}

}  // namespace quartet::cli
