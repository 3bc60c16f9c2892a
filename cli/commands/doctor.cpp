// cli/commands/doctor.cpp
//
// `quartet doctor`: whether this machine is fit for measuring, and what to mend.

#include "cli/commands/cluster_findings.hpp"
#include "cli/commands/commands.hpp"
#include "cli/measuring/cost_cache.hpp"
#include "cli/measuring/ground.hpp"
#include "cli/measuring/measuring.hpp"
#include "cli/measuring/scratch.hpp"
#include "cli/parsing/exit_codes.hpp"
#include "cli/parsing/validators.hpp"
#include "cli/reports/report_files.hpp"
#include "cli/terminal/figures.hpp"
#include "cli/terminal/interrupt.hpp"
#include "cli/terminal/progress.hpp"
#include "cli/terminal/status_line.hpp"
#include "cli/terminal/terminal.hpp"
#include "cli/terminal/text.hpp"
#include "measure/analysis/checkup.hpp"

#include <quartet/cpus.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <signal.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace quartet::cli {
namespace {

struct doctor_options {
    std::size_t rounds = 15;
    bool plain = false;
};

std::string mark_of(measure::fitness verdict, terminal const& where) {
    switch (verdict) {
        case measure::fitness::good:
            return where.good("ok  ");
        case measure::fitness::note:
            return "note";
        case measure::fitness::warning:
            return where.bad("mend");
    }
    return "";
}

std::string format_checkup(std::vector<measure::checkup_finding> const& findings, terminal const& where) {
    auto const width = where.text_width();
    std::size_t subject_width = 0;
    for (auto const& each : findings)
        subject_width = std::max(subject_width, each.subject.size());
    std::string const indent(4 + 2 + subject_width + 2, ' ');
    std::string out;
    for (auto const& each : findings) {
        auto const head = mark_of(each.verdict, where) + "  " + pad(each.subject, subject_width) + "  ";
        out += head + wrap(printable(each.value), width, indent, indent.size()) + '\n';
        if (!each.advice.empty()) out += indent + wrap(each.advice, width, indent, indent.size()) + '\n';
    }
    auto const to_mend =
        std::ranges::count(findings, measure::fitness::warning, &measure::checkup_finding::verdict);
    return out + '\n' +
           (to_mend == 0 ? where.good("fit for measuring") : fmt::format("{} to mend", to_mend)) + '\n';
}

/// Measures what the models cost; `advise` uses it.
measure::checkup_finding costs_finding(detail::kept_costs const& measured) {
    auto const& costs = measured.costs;
    return {.subject = "costs of models",
            .value = fmt::format("a thread {}, a process {}; a task {}, {} in a process; all processors "
                                 "together do {:.0f} % of {} "
                                 "times one",
                                 format_seconds(costs.threads.worker_seconds, false),
                                 format_seconds(costs.processes.worker_seconds, false),
                                 format_seconds(costs.threads.task_seconds, false),
                                 format_seconds(costs.processes.task_seconds, false), 100 * costs.efficiency,
                                 costs.cpus),
            .verdict = measured.disturbed() ? measure::fitness::note : measure::fitness::good,
            .advice = measured.disturbed()
                          ? fmt::format("others used {:.0f} % of the processors meanwhile, so these are too "
                                        "high; better ones that were measured earlier stay in use",
                                        100 * measured.disturbed_share)
                          : ""};
}

/// The same of the cluster.
measure::checkup_finding cluster_costs_finding(detail::kept_cluster const& measured) {
    auto const& costs = measured.costs;
    return {.subject = "costs of a cluster",
            .value = fmt::format("to start {}; a task {}, and {} of processor time on all machines",
                                 format_seconds(costs.start_seconds + 2 * costs.latency_seconds, false),
                                 format_seconds(costs.hand_out_seconds, false),
                                 format_seconds(costs.root_task_seconds + costs.node_task_seconds, false)),
            .verdict = measured.disturbed() ? measure::fitness::note : measure::fitness::good,
            .advice = measured.disturbed()
                          ? fmt::format("others used {:.0f} % of the root's processors meanwhile",
                                        100 * measured.disturbed_share)
                          : ""};
}

/// What is said of MPI and the cluster, and what was seen of that.
struct cluster_look {
    std::vector<measure::checkup_finding> findings;
    std::optional<detail::cluster_reading> seen;
};

cluster_look look_at_cluster(status_line& shown, interrupt const& stop) {
    shown.show("looking at MPI");
    auto const installed = detail::look_for_mpis();
    auto const launchers =
        has_usable_mpi(installed) ? installed_launchers() : std::vector<installed_launcher>();
    auto const cluster = detail::read_cluster(
        {.looks_at = [&](std::string const& node) { shown.show("measuring the way to " + node); },
         .is_stopped = [&] { return stop.signal() != 0; }});
    if (stop.signal() != 0) throw measure::interrupted();
    return {judge_cluster(installed, launchers, cluster), cluster};
}

int doctor(doctor_options const& options) {
    interrupt const stop;
    signal(SIGPIPE, SIG_IGN);
    scratch_folder const scratch;
    workbench bench(scratch, stop);
    try {
        status_line shown(true);
        auto const of_cluster = look_at_cluster(shown, stop);
        shown.show("looking at the machine");
        auto readings = measure::take_readings(scratch.path());
        for (auto const& spec : {std::string("single"), fmt::format("threads:{}", usable_cpus())}) {
            shown.show(fmt::format("measuring the same against itself: {}", spec));
            readings.floors.push_back(
                measure::measure_floor(spec, options.rounds, bench.session_options({})));
        }
        shown.clear();
        progress costs_shown(true);
        auto const costs = measure_machine_costs(bench, costs_shown);
        std::optional<detail::kept_cluster> costs_of_cluster;
        if (auto const on = find_ground_of_advice("", stop); of_cluster.seen && on.cluster.nodes.size() > 1)
            costs_of_cluster =
                measure_cluster_costs(bench, on, *of_cluster.seen, costs.costs, stop, costs_shown);
        costs_shown.clear();
        auto const where = terminal::of(STDOUT_FILENO, options.plain);
        auto findings = measure::judge(readings);
        findings.push_back(costs_finding(costs));
        findings.insert(findings.end(), of_cluster.findings.begin(), of_cluster.findings.end());
        if (costs_of_cluster) findings.push_back(cluster_costs_finding(*costs_of_cluster));
        print_to(STDOUT_FILENO, format_checkup(findings, where));
        return all_well;
    } catch (measure::interrupted const&) {
        return interrupted_by + stop.signal();
    }
}

}  // namespace

void add_doctor(CLI::App& app, action& chosen) {
    auto const options = std::make_shared<doctor_options>();
    auto* const command =
        app.add_subcommand("doctor", "find out whether this machine is fit for measuring, and what to mend");
    command->add_option("--rounds", options->rounds, "for measuring the same against itself")
        ->option_text("N")
        ->check(integer_from(6, 1000))
        ->capture_default_str();
    command->add_flag("--plain", options->plain, "in ASCII, without colours");
    command->callback([options, &chosen] { chosen = [options] { return doctor(*options); }; });
}

}  // namespace quartet::cli
