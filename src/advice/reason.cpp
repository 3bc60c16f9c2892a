// src/advice/reason.cpp
//
// A piece of advice in words: what kind of work it is, and what limits the model that was chosen.

#include <quartet/workload/advice.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

namespace quartet::inline v0 {
namespace {

std::string seconds(double value, bool utf8) {
    if (value < 1e-6) return fmt::format("{:.3g} ns", value * 1e9);
    if (value < 1e-3) return fmt::format("{:.3g} {}", value * 1e6, utf8 ? "µs" : "us");
    if (value < 1) return fmt::format("{:.3g} ms", value * 1e3);
    return fmt::format("{:.{}f} s", value, value < 10 ? 2 : value < 100 ? 1 : 0);
}

std::string many(double count, std::string_view what) {
    return fmt::format("{:.0f} {}{}", count, what, count == 1 ? "" : what.ends_with("s") ? "es" : "s");
}

std::string kind_of_work(work_shape const& work, bool utf8) {
    if (work.cpu_seconds == 0 && work.wait_seconds == 0) return "The tasks do next to nothing.";
    if (work.wait_seconds == 0)
        return fmt::format("The tasks only compute, {} each.", seconds(work.cpu_seconds, utf8));
    if (work.cpu_seconds == 0)
        return fmt::format("The tasks only wait, {} each.", seconds(work.wait_seconds, utf8));
    double const waits = work.wait_seconds / (work.cpu_seconds + work.wait_seconds);
    return fmt::format("Each task waits for {} and computes for {}, so {:.0f} % of its time it needs {}.",
                       seconds(work.wait_seconds, utf8), seconds(work.cpu_seconds, utf8),
                       std::floor(100 * std::max(waits, 1 - waits)), waits >= 0.5 ? "no processor" : "one");
}

std::string name_on_nodes(prediction const& of) {
    auto name = to_string(of.spec);
    if (of.spec.cluster && of.nodes > 1 && !of.spec.nodes) name += fmt::format(" on {} nodes", of.nodes);
    return name;
}

std::string what_limits(prediction const& choice, work_shape const& work, machine_costs const& costs) {
    auto const name = name_on_nodes(choice);
    double const processors = choice.processors;
    double const under_way = choice.in_flight;
    if (!can_predict(choice.spec, costs))
        return fmt::format("{} had {} under way at the same time.", name, many(under_way, "task"));
    switch (choice.limit) {
        case time_limit::starting:
            return fmt::format("There is so little to do that starting {} takes most of the time.",
                               choice.spec.kind == model_kind::processes ? "processes" : "workers");
        case time_limit::longest_task:
            return fmt::format(
                "With {} the others end while the longest task runs, and nothing can be faster than that "
                "one.",
                name);
        case time_limit::waiting:
            return fmt::format(
                "{} has {} under way, so that their waits overlap, and the processors have time to spare.",
                name, many(under_way, "task"));
        case time_limit::sending:
            return fmt::format(
                "With {} the root's sending of tasks and taking of results takes most of the time.", name);
        case time_limit::computing:
            break;
    }
    if (choice.spec.cluster)
        return fmt::format("{} keeps {} busy.", name, many(std::round(processors), "processor"));
    if (choice.spec.kind == model_kind::single)
        return "One after another they take no longer than with workers, and workers would cost something.";
    if (processors < static_cast<double>(costs.cpus))
        return fmt::format("{} keeps one processor busy; the others would not pay for what they cost.", name);
    return fmt::format("{} keeps {} busy from begin to end{}; more workers would only share {}.", name,
                       processors == 1 ? "the processor" : many(processors, "processor"),
                       work.wait_seconds > 0 ? ", for some compute while others wait" : "",
                       processors == 1 ? "it" : "them");
}

/// The fastest of those on a cluster, or of the others; null if there is none.
prediction const* fastest(advice const& given, bool on_cluster) {
    prediction const* found = nullptr;
    for (auto const& each : given.considered) {
        if (each.spec.cluster == on_cluster && (!found || each.seconds < found->seconds)) found = &each;
    }
    return found;
}

std::string times(double ratio) {
    return fmt::format("{:.{}f} times", ratio, ratio < 2 ? 2 : ratio < 10 ? 1 : 0);
}

/// Why a cluster takes longer, or no less.
std::string why_not_cluster(prediction const& cluster, prediction const& choice, bool utf8) {
    switch (cluster.limit) {
        case time_limit::starting:
            return "since starting there takes most of that";
        case time_limit::sending:
            return fmt::format("since sending tasks and taking results takes the root {}",
                               seconds(cluster.sending_seconds, utf8));
        case time_limit::longest_task:
            return "since nothing can be faster than the longest task";
        case time_limit::computing:
            if (cluster.processors <= choice.processors)
                return fmt::format("since its nodes have no more than {} for it",
                                   many(std::round(cluster.processors), "processor"));
            break;
        case time_limit::waiting:
            break;
    }
    return "since there is more to start and to send than it would win";
}

/// What the other machines change; empty if there are none. Of a cluster that the costs do not know only
/// times are told.
std::string about_cluster(advice const& given, machine_costs const& costs, bool utf8) {
    auto const* const on_cluster = fastest(given, true);
    auto const* const here = fastest(given, false);
    auto const& choice = given.choice;
    if (!on_cluster || !here) return {};
    if (choice.spec.cluster) {
        auto const faster = fmt::format(" {} takes {} as long on one machine alone", to_string(here->spec),
                                        times(here->seconds / choice.seconds));
        if (!can_predict(choice.spec, costs)) return faster + '.';
        return fmt::format("{}; sending tasks and taking results takes the root {}.", faster,
                           seconds(choice.sending_seconds, utf8));
    }
    double const slower = on_cluster->seconds / choice.seconds;
    auto const name = name_on_nodes(*on_cluster);
    if (slower < 1 + same_time) return fmt::format(" {} takes as long, and costs more.", name);
    auto const longer = fmt::format(" {} takes {} as long", name, times(slower));
    if (!can_predict(on_cluster->spec, costs)) return longer + '.';
    return fmt::format("{}, {}.", longer, why_not_cluster(*on_cluster, choice, utf8));
}

}  // namespace

std::string reason(advice const& given, work_shape const& work, machine_costs const& costs, bool utf8) {
    return kind_of_work(work, utf8) + ' ' + what_limits(given.choice, work, costs) +
           about_cluster(given, costs, utf8);
}

}  // namespace quartet::inline v0
