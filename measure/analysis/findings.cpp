#include "measure/analysis/findings.hpp"

#include "measure/results/plain_text.hpp"
#include "measure/statistics/ranking.hpp"

#include <quartet/workload/registry.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>

namespace quartet::measure {
namespace {

/// "a", "a and b", "a, b and c".
std::string enumerate(std::vector<std::string> const& parts) {
    std::string text;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) text += i + 1 == parts.size() ? " and " : ", ";
        text += parts[i];
    }
    return text;
}

std::size_t rounds_of(std::vector<placing> const& order) {
    return rounds_of(*order.front().what);
}

/// "1 round", "2 rounds".
std::string count_of_rounds(std::size_t count) {
    return fmt::format("{} round{}", count, count == 1 ? "" : "s");
}

/// "1.08", "1.9", "18": a ratio near 1 needs its second decimal, or it would read as "1.0 times as fast".
std::string times(double ratio) {
    return fmt::format("{:.{}f}", ratio, ratio < 1.5 ? 2 : ratio < 10 ? 1 : 0);
}

/// What the rounds allow one to say about those that are among the best.
std::string verdict_of(std::vector<placing> const& order) {
    auto const best = std::ranges::count_if(order, &placing::is_among_the_best);
    auto const has = [&](standing which) {
        return std::ranges::find(order, which, &placing::stands) != order.end();
    };
    if (rounds_of(order) < rounds_needed(order.size())) return best > 1 ? " lead" : " leads";
    if (has(standing::unresolved)) return " are not resolved";
    return best > 1 ? " are equal" : " won";
}

/// Why one of those that are among the best is the one to take.
std::string merit_of(measurement const& choice, std::vector<placing> const& order) {
    auto const has_least = [&](auto figure) {
        return std::ranges::all_of(order, [&](placing const& each) {
            return !each.is_among_the_best() || figure(choice) <= figure(*each.what);
        });
    };
    if (choice.spec == "single") return "is the simplest of them";
    if (choice.tree_peak_bytes && has_least([](measurement const& of) { return of.tree_peak_bytes; }))
        return "takes the least memory of them";
    if (has_least([](measurement const& of) { return cpu_seconds_of(of); }))
        return "takes the least processor time of them";
    return "costs the least of them";
}

/// How many rounds can be expected to tell what these can't. " Some 40 rounds would tell."
std::string what_it_takes(std::vector<placing> const& order) {
    if (std::ranges::find(order, standing::unresolved, &placing::stands) == order.end()) return {};
    if (auto const rounds = rounds_to_tell(order))
        return fmt::format(" Some {} rounds would tell.", about(*rounds));
    return " They are too near to the margin for any number of rounds to tell.";
}

/// A command line stands in quotes, as it has blanks.
std::string shown_name(measurement const& of) {
    return of.model == command_model ? '\'' + of.spec + '\'' : of.spec;
}

/// "async:26 and threads:26 are equal, 9.5 times as fast as processes:2 and 18 times as fast as single;
/// async:26 takes the least memory of them."
std::string sentence_of(std::vector<placing> order) {
    std::ranges::stable_sort(order.begin() + 1, order.end(), {}, &placing::times_the_best);
    std::vector<std::string> best;
    std::vector<std::string> beaten;
    for (auto const& each : order) {
        if (each.is_among_the_best()) {
            best.push_back(shown_name(*each.what));
        } else {
            beaten.push_back(
                fmt::format("{} times as fast as {}", times(each.times_the_best), shown_name(*each.what)));
        }
    }
    auto sentence = enumerate(best) + verdict_of(order);
    if (!beaten.empty()) sentence += ", " + enumerate(beaten);
    std::size_t const needed = rounds_needed(order.size());
    if (rounds_of(order) < needed)
        return fmt::format("{}, after {}; it takes {} to be sure.", sentence,
                           count_of_rounds(rounds_of(order)), needed);
    if (auto const* const choice = recommended(order))
        sentence += fmt::format("; {} {}", choice->spec, merit_of(*choice, order));
    return sentence + '.' + what_it_takes(order);
}

std::string seed_sentence(std::string const& workload) {
    for (auto const& each : registered_workloads()) {
        if (each.name == workload && !each.study_finding.empty())
            return fmt::format(" The Python study found: {}.", each.study_finding);
    }
    return "";
}

/// "task 3: timed out" as "3" and "timed out".
std::pair<std::string, std::string> split_failure(std::string const& failure) {
    constexpr std::string_view task = "task ";
    auto const colon = failure.find(": ");
    if (!failure.starts_with(task) || colon == std::string::npos) return {"?", failure};
    return {failure.substr(task.size(), colon - task.size()), failure.substr(colon + 2)};
}

/// Tasks that failed of the same cause share a line.
std::vector<std::string> failures_of(measurement const& of) {
    std::vector<std::pair<std::string, std::vector<std::string>>> causes;
    for (auto const& failure : of.failures) {
        auto const [number, whole] = split_failure(failure);
        auto const cause = shortened(whole, most_text_shown);
        auto known = std::ranges::find(causes, cause, [](auto const& each) { return each.first; });
        if (known == causes.end()) known = causes.insert(causes.end(), {cause, {}});
        known->second.push_back(number);
    }
    std::vector<std::string> lines;
    for (auto const& [cause, numbers] : causes)
        lines.push_back(
            fmt::format("  task{} {}: {}", numbers.size() > 1 ? "s" : "", enumerate(numbers), cause));
    if (of.failed > of.failures.size())
        lines.push_back(fmt::format("  and {} more", of.failed - of.failures.size()));
    return lines;
}

/// What went wrong in one measurement: the first line follows its name.
std::vector<std::string> trouble_of(measurement const& of) {
    std::vector<std::string> lines;
    if (of.failed > 0) {
        lines.push_back(fmt::format("{} of {} tasks failed", of.failed, of.tasks));
        for (auto& line : failures_of(of))
            lines.push_back(std::move(line));
    }
    if (!of.verification.empty())
        lines.push_back((of.failed > 0 ? "  " : "") + shortened(of.verification, most_text_shown));
    return lines;
}

/// Models that have the same to remark are named together.
void add_remark(std::vector<remark>& all, std::string const& spec, std::vector<std::string> lines) {
    auto const known = std::ranges::find(all, lines, &remark::lines);
    if (known == all.end())
        all.push_back({{spec}, std::move(lines)});
    else
        known->specs.push_back(spec);
}

/// How many times are far from the median of their model, and which is the farthest. Small deviations are
/// left out: they are outliers only because the other times are nearly equal.
std::string outliers_of(results const& from, std::string const& workload) {
    struct {
        double ratio = 1;
        measurement const* of = nullptr;
        std::uint64_t round = 0;
    } farthest;
    std::size_t far = 0;
    std::size_t all = 0;
    for (auto const& each : from.measurements) {
        if (each.workload != workload) continue;
        all += rounds_of(each);
        for (auto const& trial : each.trials) {
            double const ratio = trial.wall_seconds / each.wall_seconds.median;
            if (!trial.outlier || std::abs(ratio - 1) < from.settings.margin) continue;
            ++far;
            if (std::abs(ratio - 1) > std::abs(farthest.ratio - 1)) farthest = {ratio, &each, trial.round};
        }
    }
    if (far == 0 || !farthest.of) return "";
    return fmt::format("{} of {} times are far from the median, the farthest by {:+.0f} % ({}, round {})",
                       far, all, 100 * (farthest.ratio - 1), shown_name(*farthest.of), farthest.round);
}

}  // namespace

std::size_t about(std::size_t rounds) {
    std::size_t unit = 1;
    while (rounds / unit >= 100)
        unit *= 10;
    return (rounds + unit - 1) / unit * unit;
}

findings findings_of(results const& from, std::string const& workload) {
    findings made;
    auto const order = rank(from, workload);
    if (order.size() > 1) {
        made.verdict = sentence_of(order) + seed_sentence(workload);
        for (auto const& each : order) {
            if (each.is_among_the_best()) made.best.push_back(each.what->spec);
        }
    }
    made.outliers = outliers_of(from, workload);
    for (auto const& each : from.measurements) {
        if (each.workload != workload) continue;
        for (auto const& text : each.warnings)
            add_remark(made.doubts, shown_name(each), {text});
        if (auto lines = trouble_of(each); !lines.empty())
            add_remark(made.troubles, shown_name(each), std::move(lines));
    }
    return made;
}

std::vector<std::string> remarks_on_run(results const& from) {
    std::vector<std::string> made;
    auto const& met = from.conditions;
    std::size_t done = 0;
    for (auto const& each : from.measurements)
        done = std::max(done, rounds_of(each));
    if (met.stopped_by == "interrupt")
        made.push_back(fmt::format("cut short in round {} of {}", done, from.settings.rounds));
    if (!met.warnings.empty()) made.push_back(fmt::format("disturbed: {}", fmt::join(met.warnings, "; ")));
    return made;
}

}  // namespace quartet::measure
