#include "measure/trial/trial_summary.hpp"

#include "measure/statistics/statistics.hpp"
#include "measure/statistics/unimodality.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace quartet::measure {
namespace {

double median_of(std::vector<trial_figures> const& trials, auto member) {
    std::vector<double> samples;
    for (auto const& each : trials) {
        if (each.counts()) samples.push_back(static_cast<double>(each.*member));
    }
    return median(samples);
}

sampled summarize(std::vector<double> const& samples) {
    auto const bounds = median_interval(samples);
    return {median(samples), bounds.low, bounds.high, bounds.confidence};
}

/// "+12 %", "-3.5 %".
std::string change(double ratio) {
    double const percent = 100 * (ratio - 1);
    return fmt::format("{:+.{}f} %", percent, std::abs(percent) < 10 ? 1 : 0);
}

void flag_outliers(measurement& of) {
    std::vector<trial_figures*> trials;
    for (auto& each : of.trials) {
        if (each.counts()) trials.push_back(&each);
    }
    for (std::size_t const index : outliers(counted(of, &trial_figures::wall_seconds)))
        trials[index]->outlier = true;
}

void flag_disturbed(measurement& of) {
    auto const disturbed = std::ranges::count_if(
        of.trials, [](trial_figures const& each) { return each.counts() && each.disturbed; });
    if (disturbed == 0) return;
    of.warnings.push_back(
        fmt::format("other programs or machines took more than 5 % of the processors in {} of {} rounds",
                    disturbed, std::ranges::count_if(of.trials, &trial_figures::counts)));
}

/// Warns of times that drift from round to round, and of times with several peaks.
void flag_patterns(measurement& of, double level) {
    auto const walls = counted(of, &trial_figures::wall_seconds);
    constexpr double least_drift = 0.01;  // smaller drift does not matter
    if (double const p = trend_probability(walls); p < level) {
        std::size_t const half = walls.size() / 2;
        double const growth = median(std::span(walls).last(half)) / median(std::span(walls).first(half));
        if (std::abs(growth - 1) >= least_drift)
            of.warnings.push_back(
                fmt::format("times {} from round to round, {} from the first half to the second (p = {:.2g})",
                            growth > 1 ? "rise" : "fall", change(growth), p));
    }
    constexpr std::size_t enough_for_peaks = 10;
    if (walls.size() < enough_for_peaks) return;
    if (double const p = unimodal_probability(walls); p < level)
        of.warnings.push_back(
            fmt::format("times have more than one peak, so that their median tells little (p = {:.2g})", p));
}

}  // namespace

bool summarize_trials(measurement& of, std::size_t configurations) {
    auto const walls = counted(of, &trial_figures::wall_seconds);
    if (walls.empty()) return false;
    of.wall_seconds = summarize(walls);
    auto const middle = [&](auto member) { return median_of(of.trials, member); };
    auto const whole = [&](auto member) { return static_cast<std::uint64_t>(middle(member)); };
    of.cpu_user_seconds = middle(&trial_figures::cpu_user_seconds);
    of.cpu_system_seconds = middle(&trial_figures::cpu_system_seconds);
    of.processor_wait_seconds = middle(&trial_figures::processor_wait_seconds);
    of.tree_peak_bytes = whole(&trial_figures::tree_peak_bytes);
    of.voluntary_switches = whole(&trial_figures::voluntary_switches);
    of.involuntary_switches = whole(&trial_figures::involuntary_switches);
    of.minor_faults = whole(&trial_figures::minor_faults);
    of.major_faults = whole(&trial_figures::major_faults);
    of.read_bytes = whole(&trial_figures::read_bytes);
    of.written_bytes = whole(&trial_figures::written_bytes);
    flag_disturbed(of);
    flag_outliers(of);
    flag_patterns(of, 0.05 / static_cast<double>(std::max<std::size_t>(1, configurations)));
    return true;
}

}  // namespace quartet::measure
