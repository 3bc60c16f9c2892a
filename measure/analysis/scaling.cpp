#include "measure/analysis/scaling.hpp"

#include "measure/statistics/ranking.hpp"
#include "measure/statistics/scaling_law.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace quartet::measure {
namespace {

scaling_count count_of(counted_measurement const& from) {
    auto const& [workers, what] = from;
    scaling_count made{.count = workers, .spec = what->spec};
    auto const& wall = what->wall_seconds;
    if (!is_good(*what) || !(wall.median > 0 && wall.low > 0) || what->tasks == 0) return made;
    auto const tasks = static_cast<double>(what->tasks);
    made.tasks_per_second = tasks / wall.median;
    made.low = tasks / wall.high;
    made.high = tasks / wall.low;
    return made;
}

std::optional<std::uint64_t> best_of(std::vector<counted_measurement> const& measurements, double margin) {
    std::vector<measurement const*> competitors;
    for (auto const& each : measurements)
        competitors.push_back(each.what);
    std::optional<std::uint64_t> least;
    auto const order = rank(competitors, margin);
    for (auto const* each : as_fast_as_the_first(order, margin)) {
        auto const found = std::ranges::find(measurements, each, &counted_measurement::what);
        least = std::min<std::uint64_t>(found->count, least.value_or(found->count));
    }
    return least;
}

void add_law(scaling_curve& curve) {
    std::vector<scaling_point> points;
    std::set<std::uint64_t> counts;
    for (auto const& each : curve.counts) {
        if (!(each.tasks_per_second > 0)) continue;
        points.push_back({static_cast<double>(each.count), each.tasks_per_second});
        counts.insert(each.count);
    }
    if (counts.size() < least_scaling_points) {
        curve.no_law =
            fmt::format("a law takes {} counts that ran well, not {}", least_scaling_points, counts.size());
        return;
    }
    auto const law = fit_scaling_law(points);
    curve.lambda = law.lambda;
    curve.sigma = law.sigma;
    curve.kappa = law.kappa;
    curve.deviation = law.deviation;
    curve.peak = law.peak();
    curve.knee = law.knee();
    for (auto& each : curve.counts) {
        auto const at = static_cast<double>(each.count);
        auto const band = law.band(at);
        each.fitted = law.throughput(at);
        each.band_low = band.low;
        each.band_high = band.high;
    }
}

}  // namespace

scaling_curve curve_of(std::vector<counted_measurement> const& measurements, std::string const& model,
                       std::string const& axis, double margin) {
    scaling_curve curve{.workload = measurements.empty() ? "" : measurements.front().what->workload,
                        .model = model,
                        .axis = axis};
    for (auto const& each : measurements)
        curve.counts.push_back(count_of(each));
    curve.best = best_of(measurements, margin);
    add_law(curve);
    return curve;
}

}  // namespace quartet::measure
