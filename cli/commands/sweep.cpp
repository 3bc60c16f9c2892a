// cli/commands/sweep.cpp
//
// `quartet sweep`: one workload under one model with many numbers of workers.

#include "cli/commands/commands.hpp"
#include "cli/measuring/ground.hpp"
#include "cli/measuring/measuring.hpp"
#include "cli/measuring/plan.hpp"
#include "cli/measuring/repetition.hpp"
#include "cli/measuring/scratch.hpp"
#include "cli/parsing/counts.hpp"
#include "cli/parsing/exit_codes.hpp"
#include "cli/parsing/value_rule.hpp"
#include "cli/reports/report_files.hpp"
#include "cli/reports/report_options.hpp"
#include "cli/terminal/interrupt.hpp"
#include "cli/terminal/progress.hpp"
#include "cli/views/results_view.hpp"
#include "cli/views/sweep_view.hpp"
#include "measure/analysis/scaling.hpp"

#include <quartet/cpus.hpp>
#include <quartet/spec.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace quartet::cli {
namespace {

struct sweep_options {
    work_options work;
    std::string model = "threads";
    std::string workers;
    std::string in_flight;
    std::string nodes;
    method_options how;
    report_options reports;
};

std::vector<std::size_t> counts_of(std::string_view flag, std::string const& text, std::size_t most) {
    try {
        return parse_counts(text.empty() ? fmt::format("1..{}", most) : text);
    } catch (std::invalid_argument const& wrong) {
        throw usage_error(fmt::format("{}: {}", flag, wrong.what()));
    }
}

/// A number that is varied, and the values it takes.
struct axis {
    std::string name;
    std::vector<std::size_t> counts;
};

struct sweep_plan {
    model_spec model;
    axis outer;  ///< a curve for each count: workers of a composition, or nodes; otherwise a single 0
    axis inner;  ///< along the curves

    model_spec spec(std::size_t outer_count, std::size_t inner_count) const {
        auto made = model;
        if (outer_count != 0) set(made, outer, outer_count);
        set(made, inner, inner_count);
        return made;
    }

    /// "threads", "processes:2+async", "cluster:3".
    std::string curve_name(std::size_t outer_count) const {
        auto made = model;
        if (outer_count != 0) set(made, outer, outer_count);
        return to_string(made);
    }

private:
    static void set(model_spec& spec, axis const& which, std::size_t count) {
        if (which.name == "nodes") {
            spec.nodes = count;
        } else if (which.name == "in flight" && spec.loops) {
            spec.in_flight = count;
        } else {
            spec.count = count;
        }
    }
};

/// Along what workers are counted, or tasks in flight.
axis inner_axis(sweep_options const& options, model_spec const& model) {
    constexpr std::size_t usual_in_flight = 256;
    std::size_t const usual_workers = std::max<std::size_t>(16, 4 * usable_cpus());
    bool const is_loop = model.kind == model_kind::async;
    if (!model.loops && !is_loop) return {"workers", counts_of("--workers", options.workers, usual_workers)};
    auto const& text = is_loop && options.in_flight.empty() ? options.workers : options.in_flight;
    return {"in flight", counts_of(is_loop ? "--workers" : "--in-flight", text, usual_in_flight)};
}

/// Throws usage_error.
void check_nodes(sweep_options const& options, model_spec const& model) {
    if (options.nodes.empty()) return;
    if (!model.cluster)
        throw usage_error(fmt::format("--nodes: '{}' has none, they are a cluster's", options.model));
    if (model.nodes)
        throw usage_error(
            fmt::format("--model, --nodes: '{}' says how many nodes; leave one out", options.model));
    if (model.loops)
        throw usage_error(fmt::format(
            "--nodes: of '{}' there are two other numbers; say 'cluster:3+processes+async' for three nodes",
            options.model));
}

sweep_plan plan_sweep(sweep_options const& options) {
    auto const parsed = parse_models(options.model, "--model");
    auto const& model = parsed.front();
    if (parsed.size() > 1) throw usage_error("--model: one at a time");
    if (model.kind == model_kind::single) throw usage_error("--model: 'single' has no number of workers");
    if (model.count || model.each || model.in_flight || model.all_in_flight)
        throw usage_error(fmt::format("--model: '{}' has a number; counts are given by --workers{}",
                                      options.model, model.loops ? " and --in-flight" : ""));
    bool const is_loop = model.kind == model_kind::async;
    if (!options.in_flight.empty() && !model.loops && !is_loop)
        throw usage_error(
            fmt::format("--in-flight: {} has no tasks in flight, only --workers", options.model));
    if (!options.workers.empty() && !options.in_flight.empty() && is_loop)
        throw usage_error("--workers, --in-flight: of 'async' both mean the same; give one");
    check_nodes(options, model);
    sweep_plan made{.model = model, .outer = {"workers", {0}}, .inner = {}};
    if (!options.nodes.empty()) {
        axis nodes{"nodes", counts_of("--nodes", options.nodes, 1)};
        if (options.workers.empty()) {
            made.inner = std::move(nodes);
            return made;
        }
        made.outer = std::move(nodes);
    }
    if (model.loops) made.outer.counts = counts_of("--workers", options.workers, usable_cpus());
    made.inner = inner_axis(options, model);
    return made;
}

std::vector<model_spec> models_of(sweep_plan const& sweep) {
    std::vector<model_spec> models;
    for (std::size_t const outer : sweep.outer.counts) {
        for (std::size_t const inner : sweep.inner.counts)
            models.push_back(sweep.spec(outer, inner));
    }
    return models;
}

/// The measurements stand in the order of models_of().
void add_curves(measure::results& results, sweep_plan const& sweep) {
    std::size_t next = 0;
    for (std::size_t const outer : sweep.outer.counts) {
        std::vector<measure::counted_measurement> along;
        for (std::size_t const inner : sweep.inner.counts)
            along.push_back({inner, &results.measurements[next++]});
        results.scaling.push_back(
            measure::curve_of(along, sweep.curve_name(outer), sweep.inner.name, results.settings.margin));
    }
    if (sweep.outer.counts.size() < 2 || sweep.inner.counts.size() > 1) return;
    // Only the workers vary: one curve along them.
    std::vector<measure::counted_measurement> along;
    for (std::size_t i = 0; i < sweep.outer.counts.size(); ++i)
        along.push_back({sweep.outer.counts[i], &results.measurements[i]});
    auto name = sweep.model;
    name.in_flight = sweep.inner.counts.front();
    results.scaling = {measure::curve_of(along, to_string(name), sweep.outer.name, results.settings.margin)};
}

int sweep(sweep_options options) {
    interrupt const stop;
    signal(SIGPIPE, SIG_IGN);
    check_writable(options.reports);
    auto const asked = plan_sweep(options);
    auto const models = models_of(asked);
    auto how = choose_method(options.how, models.size());
    how.pictures = options.reports.wants_pictures();
    try {
        auto const on = find_ground(options.work.scratch, models, "--model", stop);
        scratch_folder const scratch(on.folder);
        take_inputs(options.work, scratch.path(), stop);
        auto const what = make_plan(options.work, models);
        check_ground(on, what);
        auto const document = [&](measure::session_results found) {
            auto made = assemble(options.work, what, how, scratch, std::move(found));
            add_curves(made, asked);
            return made;
        };
        announce_commands(what, repetition_of(what, how), consent_of(options.how), options.reports.quiet,
                          stop);
        workbench bench(scratch, stop, on.address);
        progress shown(!options.reports.quiet, [&](measure::session_results const& so_far) {
            if (measure::has_counted_rounds(so_far.measurements))
                write_reports(options.reports, document(so_far), false);
        });
        auto const results = document(bench.measure(what, how, shown));
        shown.clear();
        if (measure::has_counted_rounds(results.measurements)) {
            if (!options.reports.quiet)
                print_to(options.reports.stream(), format_sweep(results, options.reports.screen()));
            write_reports(options.reports, results, true);
        }
        if (results.conditions.stopped_by == "interrupt") return interrupted_by + stop.signal();
        return std::ranges::all_of(results.measurements, measure::is_good) ? all_well : something_failed;
    } catch (measure::interrupted const&) {
        return interrupted_by + stop.signal();
    }
}

}  // namespace

void add_sweep(CLI::App& app, action& chosen) {
    auto const options = std::make_shared<sweep_options>();
    auto* const command =
        app.add_subcommand("sweep", "run a workload with many numbers of workers, and find the best");
    options->work.workloads.resize(1);
    add_workload_argument(*command, options->work.workloads.front(), "what to run (see `list`)")->required();
    takes_one_of(
        command->add_option(
            "--model", options->model,
            "threads, processes, async, threads+async, processes+async, or cluster, cluster+threads ... "
            "(see docs/cluster.md), without numbers of workers"),
        {"threads", "processes", "async", "threads+async", "processes+async", "cluster", "cluster+threads",
         "cluster+async"})
        ->option_text("MODEL")
        ->capture_default_str();
    command
        ->add_option(
            "--workers", options->workers,
            "how many: 1..64 for 1, 2, 4, 8, 16, 32, 64, or a list such as 1,2,6; of async, tasks in flight "
            "(default: up to 16 or four times the CPUs; of async to 256)")
        ->option_text("COUNTS");
    command
        ->add_option("--in-flight", options->in_flight,
                     "of threads+async and processes+async: tasks in flight on each loop (default 1..256)")
        ->option_text("COUNTS");
    command
        ->add_option("--nodes", options->nodes,
                     "of a cluster: on how many machines; with --workers, that on each of them")
        ->option_text("COUNTS");
    add_work_options(*command, options->work);
    add_method_options(*command, options->how);
    add_report_options(*command, options->reports);
    command->footer(
        "Examples:\n"
        "  quartet sweep files --model threads --workers 1..64\n"
        "  quartet sweep fetch --model async --workers 1..1000\n"
        "  quartet sweep fetch --model processes+async --workers 1,2,4 --in-flight 1..64\n"
        "  quartet cluster --hosts a,b -- quartet sweep power --model cluster --nodes 1,2\n");
    command->callback([options, &chosen] { chosen = [options] { return sweep(*options); }; });
}

}  // namespace quartet::cli
