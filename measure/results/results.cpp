#include "measure/results/results.hpp"

#include <algorithm>

namespace quartet::measure {

bool is_good(measurement const& of) {
    return of.failed == 0 && of.verification.empty();
}

double cpu_seconds_of(measurement const& of) {
    return of.cpu_user_seconds.value_or(0) + of.cpu_system_seconds.value_or(0);
}

std::size_t rounds_of(measurement const& of) {
    return static_cast<std::size_t>(std::ranges::count_if(of.trials, &trial_figures::counts));
}

bool has_curves(results const& all, std::string_view workload) {
    return std::ranges::find(all.scaling, workload, &scaling_curve::workload) != all.scaling.end();
}

bool has_counted_rounds(std::vector<measurement> const& measurements) {
    return std::ranges::any_of(measurements, [](measurement const& each) { return rounds_of(each) > 0; });
}

std::vector<double> counted(measurement const& of, double trial_figures::*figure) {
    std::vector<double> samples;
    for (auto const& each : of.trials) {
        if (each.counts()) samples.push_back(each.*figure);
    }
    return samples;
}

paired_samples in_same_rounds(measurement const& first, measurement const& second) {
    paired_samples pairs;
    for (auto const& one : first.trials) {
        auto const other = std::ranges::find(second.trials, one.round, &trial_figures::round);
        if (!one.counts() || other == second.trials.end()) continue;
        pairs.first.push_back(one.wall_seconds);
        pairs.second.push_back(other->wall_seconds);
    }
    return pairs;
}

}  // namespace quartet::measure
