// cli/commands/run.cpp
//
// `quartet run`: what was asked for becomes configurations, the session measures them, and the results are
// printed and written.

#include "cli/commands/commands.hpp"
#include "cli/measuring/ground.hpp"
#include "cli/measuring/input_files.hpp"
#include "cli/measuring/measuring.hpp"
#include "cli/measuring/plan.hpp"
#include "cli/measuring/repetition.hpp"
#include "cli/measuring/scratch.hpp"
#include "cli/parsing/exit_codes.hpp"
#include "cli/parsing/value_rule.hpp"
#include "cli/reports/baseline.hpp"
#include "cli/reports/live_view.hpp"
#include "cli/reports/report_files.hpp"
#include "cli/reports/report_options.hpp"
#include "cli/terminal/interrupt.hpp"
#include "cli/terminal/progress.hpp"
#include "cli/views/results_view.hpp"
#include "cli/views/timeline_view.hpp"
#include "measure/trial/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <signal.h>
#include <string>
#include <utility>

namespace quartet::cli {
namespace {

struct run_options {
    work_options work;
    std::string models = "single,processes,threads,async";
    method_options how;
    report_options reports;
    std::string baseline;
    baseline_options compared;
    bool timeline = false;
    bool live = false;
    bool log = false;
};

void show(run_options const& options, measure::results const& results) {
    if (options.reports.quiet) return;
    auto const where = options.reports.screen();
    auto const style = options.reports.plain ? results_style::plain : results_style::with_bars;
    print_to(options.reports.stream(), format_results(results, where, style));
    if (options.timeline) print_to(options.reports.stream(), '\n' + format_timelines(results, where));
}

int run(run_options options) {
    interrupt const stop;
    signal(SIGPIPE, SIG_IGN);  // a reader that goes away must not cost the report files
    check_writable(options.reports);
    auto const models = parse_models(options.models, "--models");
    auto how = choose_method(options.how, models.size());
    how.log = options.log;
    how.pictures = options.reports.wants_pictures() || options.timeline || options.live;
    how.live = options.live;
    try {
        auto const on = find_ground(options.work.scratch, models, "--models", stop);
        scratch_folder const scratch(on.folder);
        take_inputs(options.work, scratch.path(), stop);
        if (!options.baseline.empty())
            options.baseline = readable_again(options.baseline, scratch.path() / "baseline", stop);
        auto const what = make_plan(options.work, models);
        check_ground(on, what);
        for (auto const& each : what.skipped)
            fmt::print(stderr, "{}\n", each);
        auto const document = [&](measure::session_results found) {
            return assemble(options.work, what, how, scratch, std::move(found));
        };
        auto const baseline = wanted_baseline(options.baseline, options.compared, document({}));
        announce_commands(what, repetition_of(what, how), consent_of(options.how), options.reports.quiet,
                          stop);
        std::optional<live_view> live;
        if (options.live) {
            live.emplace(scratch.path());
            fmt::print(stderr, "watch it at {}\n", live->url());
        }
        workbench bench(scratch, stop, on.address);
        progress shown(!options.log && !options.reports.quiet, [&](measure::session_results const& so_far) {
            bool const counted = measure::has_counted_rounds(so_far.measurements);
            if (!live && !counted) return;
            auto const known = document(so_far);
            if (live) live->show(known);
            if (counted) write_reports(options.reports, known, false);
        });
        auto const results = document(bench.measure(what, how, shown));
        shown.clear();
        bool const cut_short = results.conditions.stopped_by == "interrupt";
        if (!cut_short || measure::has_counted_rounds(results.measurements)) {
            show(options, results);
            write_reports(options.reports, results, true);
        }
        if (live) live->finish(results);
        if (cut_short) return interrupted_by + stop.signal();
        exit_code const changed =
            baseline ? show_changes(*baseline, results, options.compared, options.how.margin, options.reports)
                     : all_well;
        if (!std::ranges::all_of(results.measurements, measure::is_good)) return something_failed;
        return changed;
    } catch (measure::interrupted const&) {
        return interrupted_by + stop.signal();
    }
}

}  // namespace

void add_run(CLI::App& app, action& chosen) {
    auto const options = std::make_shared<run_options>();
    auto* const command = app.add_subcommand("run", "run workloads under the models and compare their times");
    add_workload_argument(*command, options->work.workloads,
                          "what to run (see `list`); none: the seven tests");
    add_models_option(*command, options->models, "models, separated by commas (see `list`)")
        ->capture_default_str();
    add_work_options(*command, options->work);
    add_method_options(*command, options->how);
    add_report_options(*command, options->reports);
    takes_file(
        command->add_option("--baseline", options->baseline, "earlier results, as JSON, to compare with"))
        ->option_text("FILE");
    add_baseline_options(*command, options->compared);
    command->add_flag("--timeline", options->timeline, "show also what every task did and when");
    command->add_flag("--live", options->live, "serve the page that --html writes while the run goes on");
    command->add_flag("--log", options->log, "show what tasks log, instead of the progress");
    command->footer(
        "Examples:\n"
        "  quartet run                                the seven tests under all models\n"
        "  quartet run fetch --models threads,async --precision 2%\n"
        "  quartet run --html report.html\n"
        "  quartet run sleep --timeline\n"
        "  quartet run --budget 5m --json now.json --baseline before.json\n"
        "  quartet run command --set command.line='gzip -kc {}' --inputs logs.txt\n");
    command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace quartet::cli
