// src/advice/advise.cpp
//
// Chooses a model with its numbers for a piece of work, by the times, memory and processor time that the cost
// model predicts (cost_model.cpp), and finds how the work would have to change for the runner-up to be
// faster.
//
// Predictions have errors, so the fastest is not simply taken: of all that are about as fast, or meet the
// deadline, those that need little memory are kept, of these the ones that need little processor time, and of
// these the simplest is taken.

#include "src/advice/candidates.hpp"

#include <quartet/workload/advice.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace quartet::inline v0 {
namespace {

/// Factors up to which two memories or processor times count as the same; same_time does so for times.
constexpr double same_memory = 1.1;
constexpr double same_memory_bytes = 1e6;
constexpr double same_cpu = 1.05;
/// The relative error that predictions are assumed to have (docs/advice.md).
constexpr double usual_error = 0.1;

using detail::families;
using detail::family;
using detail::family_of;

/// The number of workers, of which fewer are preferred. Tasks in flight on a loop are no workers: they cost
/// nothing but memory, and a loop with few has nothing to do as soon as some wait for longer than the others.
std::size_t workers_of(prediction const& of) {
    return of.nodes * (of.spec.kind == model_kind::async ? 1 : of.spec.count.value_or(1));
}

bool isolates(family const& which) {
    return which.kind == model_kind::processes && !which.loops;
}

/// Whether the nodes that it is on have the memory for it, as far as that is known. Results are left out: the
/// root has them all, as the caller does under any model.
bool fits(prediction const& of, work_shape const& work, cluster_costs const& over) {
    if (!of.spec.cluster) return true;
    double const results = work.result_bytes * static_cast<double>(work.tasks);
    double const each = (of.memory_bytes - results) / static_cast<double>(of.nodes);
    auto const used = std::span(over.nodes).first(of.nodes);
    return std::ranges::none_of(
        used, [&](cluster_node const& node) { return node.memory_bytes > 0 && each > node.memory_bytes; });
}

using predictions = std::vector<prediction>;

predictions predict_all(family const& which, work_shape const& work, machine_costs const& costs,
                        advice_limits const& limits) {
    predictions made;
    if (limits.isolate && !isolates(which)) return made;
    if (which.loops && !costs.compositions) return made;
    for (auto const& spec : detail::specs_of(which, work, costs, limits))
        made.push_back(predict(work, spec, costs));
    std::erase_if(made, [&](prediction const& each) { return !fits(each, work, costs.cluster); });
    if (limits.memory_bytes)
        std::erase_if(made, [&](prediction const& each) { return each.memory_bytes > *limits.memory_bytes; });
    return made;
}

[[noreturn]] void say_impossible(work_shape const& work, machine_costs const& costs,
                                 advice_limits const& limits) {
    if (!limits.memory_bytes) throw std::invalid_argument("no model may be taken");
    auto unlimited = limits;
    unlimited.memory_bytes.reset();
    double least = INFINITY;
    for (auto const& which : families) {
        for (auto const& each : predict_all(which, work, costs, unlimited))
            least = std::min(least, each.memory_bytes);
    }
    throw std::invalid_argument(fmt::format(
        "no model{} gets by with {:.0f} MB of memory; the least that one needs is {:.0f} MB",
        limits.isolate ? " that isolates crashes" : "", *limits.memory_bytes / 1e6, std::ceil(least / 1e6)));
}

double best_seconds(family const& which, work_shape const& work, machine_costs const& costs,
                    advice_limits const& limits) {
    double least = INFINITY;
    for (auto const& each : predict_all(which, work, costs, limits))
        least = std::min(least, each.seconds);
    return least;
}

work_shape changed(work_shape work, crossing::quantity what, double to) {
    switch (what) {
        case crossing::tasks:
            work.tasks = std::max<std::size_t>(1, static_cast<std::size_t>(std::llround(to)));
            break;
        case crossing::cpu_seconds:
            work.cpu_seconds = to;
            break;
        case crossing::wait_seconds:
            work.wait_seconds = to;
            break;
    }
    // longest_seconds stays: the longest task keeps its time.
    return work;
}

double value_of(work_shape const& work, crossing::quantity what) {
    switch (what) {
        case crossing::tasks:
            return static_cast<double>(work.tasks);
        case crossing::cpu_seconds:
            return work.cpu_seconds;
        case crossing::wait_seconds:
            break;
    }
    return work.wait_seconds;
}

/// A model, and the ratio of its known time, which may be a measured one, to the predicted one. Times
/// predicted for other work are multiplied by it.
struct anchored {
    family which;
    double factor;
};

anchored anchor(prediction const& found, work_shape const& work, machine_costs const& costs) {
    return {family_of(found.spec), found.seconds / predict(work, found.spec, costs).seconds};
}

/// The smallest factor, up to a thousand, by which one quantity has to grow or shrink so that the rival is
/// faster, by more than counts as the same time.
std::optional<crossing> find_crossing(anchored const& choice, anchored const& rival, work_shape const& work,
                                      machine_costs const& costs, advice_limits const& limits) {
    auto const wins = [&](crossing::quantity what, double at) {
        auto const other = changed(work, what, at);
        auto const seconds = [&](anchored const& of) {
            return of.factor * best_seconds(of.which, other, costs, limits);
        };
        return seconds(rival) * (1 + same_time) < seconds(choice);
    };
    constexpr double step = 1.1;
    // NOLINTNEXTLINE(clang-analyzer-security.FloatLoopCounter): it may end a step sooner or later
    for (double factor = step; factor < 1000; factor *= step) {
        for (auto const what : {crossing::tasks, crossing::wait_seconds, crossing::cpu_seconds}) {
            double const now = value_of(work, what);
            if (now == 0) continue;
            if (wins(what, now * factor)) return crossing{what, now * factor, true};
            if (now / factor >= (what == crossing::tasks ? 1 : 1e-9) && wins(what, now / factor))
                return crossing{what, now / factor, false};
        }
    }
    return std::nullopt;
}

sureness sureness_of(double choice, double runner_up) {
    double const apart = runner_up / choice;
    if (apart > 1 + 2 * usual_error) return sureness::sure;
    return apart > 1 + usual_error / 2 ? sureness::likely : sureness::even;
}

}  // namespace

prediction const& cheapest(std::vector<prediction> const& all, double seconds) {
    double const least = std::ranges::min(all, {}, &prediction::seconds).seconds;
    double const enough = std::max(least * (1 + same_time), seconds);
    std::vector<prediction const*> left;
    for (auto const& each : all) {
        if (each.seconds <= enough) left.push_back(&each);
    }
    auto const keep = [&](double prediction::*figure, double factor, double more) {
        double const least_left =
            (*std::ranges::min_element(left, {}, [&](auto* each) { return each->*figure; }))->*figure;
        double const most = least_left * factor + more;
        std::erase_if(left, [&](auto* each) { return each->*figure > most; });
    };
    keep(&prediction::memory_bytes, same_memory, same_memory_bytes);
    keep(&prediction::cpu_seconds, same_cpu, 0);
    return **std::ranges::min_element(left, {}, [](auto* each) {
        return std::tuple(detail::simplicity(each->spec), workers_of(*each), each->seconds);
    });
}

advice advise(work_shape const& work, machine_costs const& costs, advice_limits const& limits) {
    predictions bests;
    for (auto const& which : families) {
        auto const all = predict_all(which, work, costs, limits);
        if (!all.empty()) bests.push_back(cheapest(all, limits.seconds.value_or(0)));
    }
    if (bests.empty()) say_impossible(work, costs, limits);
    return advise_among(std::move(bests), work, costs, limits);
}

advice advise_among(std::vector<prediction> found, work_shape const& work, machine_costs const& costs,
                    advice_limits const& limits, double as_fast) {
    advice given{.choice = cheapest(found, std::max(as_fast, limits.seconds.value_or(0)))};
    given.meets_deadline = !limits.seconds || given.choice.seconds <= *limits.seconds;
    std::ranges::stable_sort(found, {}, &prediction::seconds);
    auto const chosen = family_of(given.choice.spec);
    auto const other =
        std::ranges::find_if(found, [&](prediction const& each) { return family_of(each.spec) != chosen; });
    if (other != found.end()) {
        given.runner_up = *other;
        given.how_sure = sureness_of(given.choice.seconds, other->seconds);
        if (can_predict(given.choice.spec, costs) && can_predict(other->spec, costs))
            given.runner_up_wins = find_crossing(anchor(given.choice, work, costs),
                                                 anchor(*other, work, costs), work, costs, limits);
    }
    given.considered = std::move(found);
    return given;
}

std::string family_name(model_spec const& spec) {
    return to_string(model_spec{.kind = spec.kind, .loops = spec.loops, .cluster = spec.cluster});
}

}  // namespace quartet::inline v0
