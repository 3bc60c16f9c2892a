#include "cli/adviser.hpp"

#include "cli/commands/commands.hpp"
#include "cli/progress.hpp"
#include "measure/ranking.hpp"
#include "measure/synthetic.hpp"
#include "measure/work_shape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace quartet::cli {
namespace {

/// A model that is expected to take so many times as long as the best is not measured.
constexpr double far_behind = 2;
/// One that was not measured is worth a word if it is expected to take this part of what was.
constexpr double far_ahead = 0.8;

std::string shape_text(work_shape const& work) {
    return fmt::format("By a run with single, each of the {} tasks computes for {} and waits for {}.",
                       work.tasks, format_seconds(work.cpu_seconds, false),
                       format_seconds(work.wait_seconds, false));
}

std::vector<std::string> notes_on(advice const& given, advice_limits const& limits, bool utf8) {
    std::vector<std::string> notes;
    if (!given.meets_deadline)
        notes.push_back(fmt::format("No model meets the deadline of {}; this is the fastest.",
                                    format_seconds(*limits.seconds, utf8)));
    if (limits.isolate)
        notes.push_back("Only processes isolate a task that crashes; the others were left out.");
    return notes;
}

/// By the statistics of a run.
std::string sureness_text(std::vector<measure::placing> const& order, advice const& given) {
    if (!given.runner_up) return {};
    auto const place_of = [&](model_spec const& spec) {
        return std::ranges::find(order, to_string(spec), [](auto const& each) { return each.what->spec; });
    };
    auto const chosen = place_of(given.choice.spec);
    auto const other = place_of(given.runner_up->spec);
    if (chosen == order.end() || other == order.end()) return {};
    auto const name = to_string(given.runner_up->spec);
    if (other->stands == measure::standing::behind && chosen->is_among_the_best())
        return fmt::format("Sure: {} was slower by more than chance.", name);
    if (other->is_among_the_best())
        return fmt::format("Even: so many rounds can't tell it from {}, and it costs less or is simpler.",
                           name);
    return fmt::format("Likely: {} was slower, but in too few rounds to be sure.", name);
}

std::string why_bad(measure::measurement const& of) {
    if (!of.verification.empty()) return of.verification;
    return of.failures.empty() ? "its tasks failed" : of.failures.front();
}

}  // namespace

advice adviser::advise_on(work_shape const& work) const {
    try {
        return advise(work, costs_, limits_);
    } catch (std::invalid_argument const& impossible) {
        throw usage_error(impossible.what());
    }
}

advice_report adviser::on_description(work_shape const& work, std::string ground) const {
    advice_report report{
        .work = work, .costs = costs_, .given = advise_on(work), .ground = std::move(ground)};
    report.notes = notes_on(report.given, limits_, utf8_);
    return report;
}

advice_report adviser::on_synthetic(work_shape const& work) const {
    return by_measuring({&measure::synthetic_workload(), measure::synthetic_parameters(work), {}}, work);
}

advice_report adviser::on_workload(plan const& what) const {
    bench_.provide_for(what);
    auto const& one = what.configurations.front();
    auto const single = measure(one, {model_spec{}}, 2).front();
    if (!measure::is_good(single))
        throw std::runtime_error(fmt::format("{} fails with single, so nothing can be said about it: {}",
                                             one.what->name, why_bad(single)));
    auto const shape = measure::shape_of(single, costs_);
    auto report = by_measuring(one, shape);
    report.notes.push_back(shape_text(shape));
    return report;
}

advice_report adviser::on_results(measure::results const& all, std::string const& workload,
                                  std::string const& name) const {
    auto const* const single = measure::single_run_of(all, workload);
    if (single == nullptr)
        throw usage_error(
            fmt::format("{}: has no good run of {} with single, which shows what the tasks do; add it to "
                        "--models of `quartet run`",
                        name, workload));
    auto const shape = measure::shape_of(*single, costs_);
    std::vector<measure::measurement> measured;
    std::ranges::copy_if(all.measurements, std::back_inserter(measured),
                         [&](auto const& each) { return each.workload == workload; });
    auto report = report_on(shape, measured);
    report.workload = workload;
    auto const unseen = advise_on(shape);
    if (unseen.choice.seconds < far_ahead * report.given.choice.seconds)
        report.notes.push_back(fmt::format("Not measured, but expected to take only {}: {}.",
                                           format_seconds(unseen.choice.seconds, utf8_),
                                           to_string(unseen.choice.spec)));
    report.notes.push_back(shape_text(shape));
    report.ground = fmt::format("measured: {}; predicted by the costs of this machine", name);
    return report;
}

std::vector<measure::measurement> adviser::measure(measure::configuration const& like,
                                                   std::vector<model_spec> const& models,
                                                   std::size_t rounds) const {
    plan what;
    for (auto const& each : models)
        what.configurations.push_back({like.what, like.parameters, each});
    what.needs_server = like.what->needs_server && like.what->needs_server(like.parameters);
    progress shown(true);
    method const how{.stopping = {.rounds = rounds}, .warmup = 1, .margin = same_time, .seed = 1};
    auto found = bench_.measure(what, how, false, shown);
    if (found.conditions.stopped_by == "interrupt") throw measure::interrupted();
    return std::move(found.measurements);
}

// Of each model the best, unless it is expected to be far behind; of the two in front also half and twice as
// many.
std::vector<model_spec> adviser::shortlist(advice const& first, work_shape const& work) const {
    std::vector<model_spec> chosen;
    auto const add = [&](model_spec const& spec) {
        if (std::ranges::find(chosen, spec) == chosen.end()) chosen.push_back(spec);
    };
    std::size_t const most = std::min(work.tasks, limits_.workers.value_or(work.tasks));
    for (std::size_t place = 0; place < first.considered.size(); ++place) {
        auto const& each = first.considered[place];
        if (each.seconds > far_behind * first.considered.front().seconds) break;
        add(each.spec);
        if (place >= 2 || !each.spec.count) continue;
        // Of a composition it is how many tasks each loop has under way.
        auto const number = each.spec.loops ? &model_spec::in_flight : &model_spec::count;
        std::size_t const of_each =
            each.spec.loops ? (work.tasks + *each.spec.count - 1) / *each.spec.count : most;
        std::size_t const now = (each.spec.*number).value_or(1);
        for (std::size_t const neighbour : {now / 2, std::min(now * 2, of_each)}) {
            auto spec = each.spec;
            spec.*number = neighbour;
            if (neighbour >= 1) add(spec);
        }
    }
    return chosen;
}

advice_report adviser::by_measuring(measure::configuration const& like, work_shape const& work) const {
    auto report = report_on(work, measure(like, shortlist(advise_on(work), work), rounds_));
    report.ground =
        fmt::format("measured: median of {} rounds; predicted by the costs of this machine", rounds_);
    return report;
}

advice_report adviser::report_on(work_shape const& work,
                                 std::vector<measure::measurement> const& measured) const {
    std::vector<measure::measurement const*> views;
    std::vector<prediction> good;
    for (auto const& each : measured) {
        if (!measure::is_good(each) || measure::rounds_of(each) == 0) continue;
        views.push_back(&each);
        good.push_back(measure::as_prediction(each, work, costs_));
    }
    if (good.empty())
        throw std::runtime_error(fmt::format("every model fails at it: {}", why_bad(measured.front())));
    advice_report report{.work = work, .costs = costs_};
    report.given = advise_among(std::move(good), work, costs_, limits_);
    for (auto const& each : report.given.considered)
        report.predicted.push_back(predict(work, each.spec, costs_).seconds);
    report.sureness = sureness_text(measure::rank(views, same_time), report.given);
    report.notes = notes_on(report.given, limits_, utf8_);
    return report;
}

}  // namespace quartet::cli
