// src/advice/advise.cpp
//
// Chooses a model with its numbers for a piece of work, by the times, memory and processor time that the cost
// model predicts (cost_model.cpp), and finds how the work would have to change for the runner-up to be
// faster.
//
// Predictions have errors, so the fastest is not simply taken: of all that are about as fast, or meet the
// deadline, those that need little memory are kept, of these the ones that need little processor time, and of
// these the simplest is taken.

#include <quartet/workload/advice.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
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

/// A model without its numbers.
struct family {
    model_kind kind;
    bool loops;

    friend bool operator==(family const&, family const&) = default;
};

// The simplest first: what a reader has to know to understand a program that uses it.
constexpr family families[] = {{model_kind::single, false}, {model_kind::threads, false},
                               {model_kind::async, false},  {model_kind::processes, false},
                               {model_kind::threads, true}, {model_kind::processes, true}};

family family_of(model_spec const& spec) {
    return {spec.kind, spec.loops};
}

std::size_t simplicity(model_spec const& spec) {
    return static_cast<std::size_t>(std::ranges::find(families, family_of(spec)) - std::begin(families));
}

/// The number of workers, of which fewer are preferred. Tasks in flight on a loop are no workers: they cost
/// nothing but memory, and a loop with few has nothing to do as soon as some wait for longer than the others.
std::size_t workers_of(prediction const& of) {
    return of.spec.kind == model_kind::async ? 1 : of.spec.count.value_or(1);
}

/// The numbers to try: powers of two, the number of processors and `most`; none above `most`.
std::vector<std::size_t> counts(std::size_t most, std::size_t cpus) {
    std::vector<std::size_t> made{cpus, most};
    for (std::size_t count = 1; count < most; count *= 2)
        made.push_back(count);
    std::ranges::sort(made);
    auto const [first, last] = std::ranges::unique(made);
    made.erase(first, last);
    std::erase_if(made, [&](std::size_t count) { return count > most; });
    return made;
}

/// More than this is never advised, whatever the predictions.
constexpr std::size_t most_threads = 1024;
constexpr std::size_t most_processes = 256;
constexpr std::size_t most_in_flight = 16'384;

std::vector<model_spec> specs_of(family const& which, work_shape const& work, machine_costs const& costs,
                                 advice_limits const& limits) {
    std::size_t const workers = std::min(limits.workers.value_or(most_in_flight), work.tasks);
    std::vector<model_spec> made;
    if (which.kind == model_kind::single) return {model_spec{}};
    if (which.loops) {
        std::size_t const outer = std::min(costs.cpus, limits.workers.value_or(costs.cpus));
        if (outer < 2) return {};
        std::size_t const most = (std::min(most_in_flight, work.tasks) + outer - 1) / outer;
        for (std::size_t const in_flight : counts(most, 1))
            made.push_back({.kind = which.kind, .count = outer, .loops = true, .in_flight = in_flight});
        return made;
    }
    std::size_t const most = which.kind == model_kind::async     ? most_in_flight
                             : which.kind == model_kind::threads ? most_threads
                                                                 : most_processes;
    for (std::size_t const count : counts(std::min(most, workers), costs.cpus))
        made.push_back({.kind = which.kind, .count = count});
    return made;
}

bool isolates(family const& which) {
    return which == family{model_kind::processes, false};
}

using predictions = std::vector<prediction>;

predictions predict_all(family const& which, work_shape const& work, machine_costs const& costs,
                        advice_limits const& limits) {
    predictions made;
    if (limits.isolate && !isolates(which)) return made;
    if (which.loops && !costs.compositions) return made;
    for (auto const& spec : specs_of(which, work, costs, limits))
        made.push_back(predict(work, spec, costs));
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
        return std::tuple(simplicity(each->spec), workers_of(*each), each->seconds);
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
        given.runner_up_wins = find_crossing(anchor(given.choice, work, costs), anchor(*other, work, costs),
                                             work, costs, limits);
    }
    given.considered = std::move(found);
    return given;
}

std::string family_name(model_spec const& spec) {
    return fmt::format("{}{}", to_string(spec.kind), spec.loops ? "+async" : "");
}

}  // namespace quartet::inline v0
