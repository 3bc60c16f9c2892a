#include "cli/advice/adviser.hpp"

#include "cli/terminal/progress.hpp"
#include "measure/analysis/findings.hpp"
#include "measure/analysis/work_shape.hpp"
#include "measure/trial/synthetic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace quartet::cli {
namespace {

/// A model that is expected to take this many times as long as the best is not measured.
constexpr double far_behind = 2;

std::vector<std::string> disturbances_of(measure::session_results const& found) {
    return measure::remarks_on_run({.conditions = found.conditions});
}

}  // namespace

advice_report adviser::on_description(work_shape const& work) const {
    bool const can_be_measured = !by_.known.costs.global_lock;
    advice_report report{.work = work,
                         .known = by_.known,
                         .given = advise_on(work, by_),
                         .ground = fmt::format("predicted by {}{}", by_.known.in_words(),
                                               can_be_measured ? "; --verify measures it" : "")};
    report.notes = notes_on(report.given, by_);
    if (report.given.choice.spec.cluster && !by_.known.measured_cluster)
        report.notes.emplace_back(
            "What sending takes here was not measured, so times of the cluster may be farther off than "
            "others: "
            "--measure measures it.");
    return report;
}

plan adviser::synthetic_plan(work_shape const& work) {
    auto const& what = measure::synthetic_workload();
    auto values = default_values(what.parameters, preset::quick);
    if (waits_of(work) > 0) values["for"] = std::string(to_string(work.waits_for));
    plan made;
    made.configurations.push_back({&what, std::move(values), model_spec{}});
    return made;
}

advice_report adviser::on_synthetic(work_shape const& work) const {
    return by_measuring({&measure::synthetic_workload(), measure::synthetic_parameters(work), {}}, work);
}

advice_report adviser::on_workload(plan const& what) const {
    bench_.provide_for(what);
    auto const& one = what.configurations.front();
    std::vector<model_spec> firsts{model_spec{}};
    // On a cluster it is seen what tasks are given and give, for that is sent there.
    if (by_.known.costs.cluster.nodes.size() > 1) firsts.push_back(parse_spec("cluster"));
    auto const first = measure(one, firsts, 2);
    auto const& single = first.measurements.front();
    if (!measure::is_good(single))
        throw std::runtime_error(fmt::format("{} fails with single, so nothing can be said about it: {}",
                                             one.what->name, why_bad(single)));
    auto shape = measure::shape_of(single, by_.known.costs);
    auto const& last = first.measurements.back();
    bool const has_sizes = measure::is_good(last) && measure::take_sizes(shape, last, by_.known.costs);
    auto report = by_measuring(one, shape);
    if (report.disturbances.empty()) report.disturbances = disturbances_of(first);
    report.notes.push_back(shape_text(shape, has_sizes));
    return report;
}

measure::session_results adviser::measure(measure::configuration const& like,
                                          std::vector<model_spec> const& models, std::size_t rounds) const {
    plan what;
    for (auto const& each : models)
        what.configurations.push_back({like.what, like.parameters, each});
    what.needs_server = like.what->needs_server && like.what->needs_server(like.parameters);
    progress shown(true);
    method const how{.stopping = {.rounds = rounds}, .warmup = 1, .margin = same_time, .seed = 1};
    auto found = bench_.measure(what, how, shown);
    if (found.conditions.stopped_by == "interrupt") throw measure::interrupted();
    return found;
}

// Of each model the best, unless it is expected to be far behind; of the two in front also half and twice as
// many.
std::vector<model_spec> adviser::shortlist(advice const& first, work_shape const& work) const {
    std::vector<model_spec> chosen;
    auto const add = [&](model_spec const& spec) {
        if (std::ranges::find(chosen, spec) == chosen.end()) chosen.push_back(spec);
    };
    std::size_t const most = std::min(work.tasks, by_.limits.workers.value_or(work.tasks));
    for (std::size_t index = 0; index < first.considered.size(); ++index) {
        auto const& each = first.considered[index];
        if (each.seconds > far_behind * first.considered.front().seconds) break;
        add(each.spec);
        if (index >= 2 || !each.spec.count) continue;
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
    auto const found = measure(like, shortlist(advise_on(work, by_), work), rounds_);
    auto report = advise_among_measured(work, found.measurements, by_);
    report.ground =
        fmt::format("measured: median of {} rounds; predicted by {}", rounds_, by_.known.in_words());
    report.disturbances = disturbances_of(found);
    return report;
}

}  // namespace quartet::cli
