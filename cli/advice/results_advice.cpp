#include "cli/advice/results_advice.hpp"

#include "cli/parsing/errors.hpp"
#include "cli/terminal/figures.hpp"
#include "cli/terminal/text.hpp"
#include "cli/views/sweep_view.hpp"
#include "measure/analysis/findings.hpp"
#include "measure/analysis/work_shape.hpp"
#include "measure/results/plain_text.hpp"
#include "measure/statistics/ranking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

namespace quartet::cli {
namespace {

/// A model that was not measured is mentioned if its expected time is at most this part of the best measured
/// one.
constexpr double far_ahead = 0.8;

/// " Some 40 rounds would tell." if that is known.
std::string more_rounds(std::vector<measure::placing> const& order) {
    auto const rounds = measure::rounds_to_tell(order);
    return rounds ? fmt::format(" Some {} rounds would tell.", measure::about(*rounds)) : "";
}

/// By the statistics of a run.
std::string sureness_text(std::vector<measure::placing> const& order, advice const& given) {
    if (!given.runner_up) return {};
    auto const find_spec = [&](model_spec const& spec) {
        return std::ranges::find(order, to_string(spec), [](auto const& each) { return each.what->spec; });
    };
    auto const chosen = find_spec(given.choice.spec);
    auto const other = find_spec(given.runner_up->spec);
    if (chosen == order.end() || other == order.end()) return {};
    auto const name = to_string(given.runner_up->spec);
    if (other->stands == measure::standing::behind && chosen->is_among_the_best())
        return fmt::format("Sure: {} was slower by more than chance.", name);
    if (other->is_among_the_best())
        return fmt::format(
            "Even: so many rounds can't tell it from {}, and it {}.{}", name,
            given.choice.seconds < given.runner_up->seconds ? "took less time" : "costs less or is simpler",
            more_rounds(order));
    return fmt::format("Likely: {} was slower, but in too few rounds to be sure.", name);
}

/// "qa, qb and qc are on one machine, whose 2 processors they share."
std::string shared_text(shared_processors const& machine, cluster_costs const& over) {
    std::vector<std::string> names;
    for (std::size_t const place : machine.nodes)
        names.push_back(over.nodes[place].name);
    return fmt::format(
        "{} are on one machine, whose {} processor{} they share: on machines of their own they "
        "would do more.",
        listed(names), machine.cpus, machine.cpus == 1 ? "" : "s");
}

/// It computes for long, and all processors of the only machine have to do with it.
bool more_machines_would_help(prediction const& choice, advice_ground const& by) {
    constexpr double long_seconds = 60;
    auto const& costs = by.known.costs;
    bool const here_alone = costs.cluster.nodes.empty() && by.left_out.empty() && !costs.global_lock;
    return here_alone && !choice.spec.cluster && choice.limit == time_limit::computing &&
           choice.processors >= static_cast<double>(costs.cpus) && choice.seconds >= long_seconds;
}

}  // namespace

std::string shape_text(work_shape const& work, bool has_sizes) {
    auto text =
        fmt::format("By a run with single, each of the {} tasks computes for {} and waits for {}", work.tasks,
                    format_seconds(work.cpu_seconds, false), format_seconds(work.wait_seconds, false));
    if (has_sizes)
        text += fmt::format("; by one on the cluster, each is given {} and gives {}",
                            format_bytes_short(work.input_bytes), format_bytes_short(work.result_bytes));
    return text + '.';
}

std::vector<std::string> notes_on(advice const& given, advice_ground const& by) {
    std::vector<std::string> notes;
    if (!given.meets_deadline)
        notes.emplace_back(fmt::format("No model meets the deadline of {}; this is the fastest.",
                                       format_seconds(*by.limits.seconds, by.utf8)));
    if (by.limits.isolate)
        notes.emplace_back("Only processes isolate a task that crashes; the others were left out.");
    if (!by.left_out.empty()) notes.push_back(fmt::format("The cluster is left out: {}.", by.left_out));
    if (more_machines_would_help(given.choice, by))
        notes.emplace_back(
            "More machines would share that: quartet cluster --hosts A,B -- quartet advise ... says what "
            "they "
            "change.");
    for (auto const& machine : by.known.costs.cluster.shared)
        notes.push_back(shared_text(machine, by.known.costs.cluster));
    return notes;
}

std::string why_bad(measure::measurement const& of) {
    if (!of.verification.empty()) return measure::shortened(of.verification, measure::most_text_shown);
    return of.failures.empty() ? "its tasks failed"
                               : measure::shortened(of.failures.front(), measure::most_text_shown);
}

advice advise_on(work_shape const& work, advice_ground const& by) {
    try {
        return advise(work, by.known.costs, by.limits);
    } catch (std::invalid_argument const& impossible) {
        throw usage_error(impossible.what());
    }
}

advice_report advise_among_measured(work_shape const& work, std::vector<measure::measurement> const& measured,
                                    advice_ground const& by) {
    std::vector<measure::measurement const*> views;
    std::vector<prediction> good;
    for (auto const& each : measured) {
        if (!measure::is_good(each) || measure::rounds_of(each) == 0) continue;
        views.push_back(&each);
        good.push_back(measure::as_prediction(each, work, by.known.costs));
    }
    if (good.empty())
        throw std::runtime_error(fmt::format("every model fails at it: {}", why_bad(measured.front())));
    advice_report report{.work = work, .known = by.known};
    auto const order = measure::rank(views, same_time);
    double as_fast = 0;
    for (auto const* each : measure::as_fast_as_the_first(order))
        as_fast = std::max(as_fast, each->wall_seconds.median);
    report.given = advise_among(std::move(good), work, by.known.costs, by.limits, as_fast);
    for (auto const& each : report.given.considered)
        report.predicted.push_back(can_predict(each.spec, by.known.costs)
                                       ? std::optional(predict(work, each.spec, by.known.costs).seconds)
                                       : std::nullopt);
    report.sureness = sureness_text(order, report.given);
    report.notes = notes_on(report.given, by);
    return report;
}

advice_report advise_on_results(measure::results const& all, std::string const& workload,
                                std::string const& name, advice_ground const& by) {
    auto const* const single = measure::single_run_of(all, workload);
    if (single == nullptr)
        throw usage_error(
            fmt::format("{}: has no good run of {} with single, which shows what the tasks do; add it to "
                        "--models of `quartet run`",
                        name, workload));
    auto shape = measure::shape_of(*single, by.known.costs);
    auto const* const sized = measure::run_with_sizes(all, workload);
    bool const has_sizes = sized && measure::take_sizes(shape, *sized, by.known.costs);
    std::vector<measure::measurement> measured;
    std::ranges::copy_if(all.measurements, std::back_inserter(measured),
                         [&](auto const& each) { return each.workload == workload; });
    auto report = advise_among_measured(shape, measured, by);
    report.workload = workload;
    auto const unseen = advise_on(shape, by);
    if (unseen.choice.seconds < far_ahead * report.given.choice.seconds)
        report.notes.push_back(fmt::format("Not measured, but expected to take only {}: {}.",
                                           format_seconds(unseen.choice.seconds, by.utf8),
                                           to_string(unseen.choice.spec)));
    report.notes.push_back(shape_text(shape, has_sizes));
    report.ground = fmt::format("measured: {}; predicted by {}", name, by.known.in_words());
    report.disturbances = measure::remarks_on_run({.conditions = all.conditions});
    return report;
}

std::map<std::string, std::string> advice_for_report(measure::results const& all) {
    advice_ground const by{.known = costs_at_hand()};
    std::map<std::string, std::string> texts;
    for (auto const& workload : measure::workloads_of(all)) {
        if (measure::has_curves(all, workload)) {
            texts[workload] = sweep_sentences(all);
            continue;
        }
        try {
            texts[workload] = advice_text(advise_on_results(all, workload, "this run", by));
        } catch (std::runtime_error const&) {
            // It failed, or there is no run with single.
        }
    }
    return texts;
}

}  // namespace quartet::cli
