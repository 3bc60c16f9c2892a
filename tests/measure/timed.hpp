// tests/measure/timed.hpp
//
// Measurements of nothing but their times.
#pragma once

#include "measure/results/results.hpp"
#include "measure/statistics/statistics.hpp"

#include <cstddef>
#include <vector>

namespace quartet::test {

/// One time a round.
inline measure::measurement timed(std::vector<double> const& walls) {
    measure::measurement made;
    for (std::size_t i = 0; i < walls.size(); ++i)
        made.trials.push_back({.round = i + 1, .wall_seconds = walls[i]});
    auto const bounds = measure::median_interval(walls);
    made.wall_seconds = {measure::median(walls), bounds.low, bounds.high, bounds.confidence};
    return made;
}

inline std::vector<measure::measurement const*> views_of(std::vector<measure::measurement> const& all) {
    std::vector<measure::measurement const*> views;
    for (auto const& each : all)
        views.push_back(&each);
    return views;
}

}  // namespace quartet::test
