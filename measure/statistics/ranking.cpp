#include "measure/statistics/ranking.hpp"

#include <quartet/spec.hpp>
#include <quartet/workload/advice.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

namespace quartet::measure {
namespace {

standing standing_of(comparison const& with_the_first) {
    if (with_the_first.winner() == verdict::second_wins) return standing::behind;
    if (with_the_first.winner() == verdict::equal) return standing::equal;
    return with_the_first.tendency == verdict::second_wins ? standing::behind_yet : standing::unresolved;
}

void place_behind(placing& each, measurement const& first, std::size_t comparisons, double margin) {
    auto const pairs = in_same_rounds(*each.what, first);
    if (pairs.first.empty()) {  // only the medians can be compared
        each.times_the_best = each.what->wall_seconds.median / first.wall_seconds.median;
        each.stands = standing::behind_yet;
        return;
    }
    auto const compared =
        compare_rounds(pairs.first, pairs.second, {.margin = margin, .comparisons = comparisons});
    each.times_the_best = compared.ratio;
    each.bounds = compared.bounds;
    each.stands = standing_of(compared);
    if (each.stands == standing::unresolved) each.rounds_to_tell = compared.rounds_to_tell;
}

/// Compares the medians only.
bool as_fast(measurement const& each, std::vector<placing> const& order, double margin) {
    return each.wall_seconds.median <= (1 + margin) * order.front().what->wall_seconds.median;
}

}  // namespace

std::vector<placing> rank(std::vector<measurement const*> const& measurements, double margin) {
    std::vector<placing> order;
    for (auto const* each : measurements) {
        bool const timed = is_good(*each) && each->wall_seconds.median > 0;
        if (timed) order.push_back({each, 1, {1, 1, 1}, standing::first});
    }
    std::ranges::stable_sort(order, {}, [](placing const& each) { return each.what->wall_seconds.median; });
    for (auto& each : order) {
        if (each.what != order.front().what)
            place_behind(each, *order.front().what, comparisons_among(order.size()), margin);
    }
    return order;
}

std::vector<placing> rank(results const& results, std::string_view workload) {
    std::vector<measurement const*> competitors;
    for (auto const& each : results.measurements) {
        if (each.workload == workload) competitors.push_back(&each);
    }
    return rank(competitors, results.settings.margin);
}

std::size_t comparisons_among(std::size_t configurations) {
    return configurations < 2 ? 0 : configurations * (configurations - 1) / 2;
}

std::size_t rounds_needed(std::size_t configurations) {
    return samples_needed(
        1 - 0.05 / static_cast<double>(std::max<std::size_t>(1, comparisons_among(configurations))));
}

std::vector<measurement const*> as_fast_as_the_first(std::vector<placing> const& order, double margin) {
    std::vector<measurement const*> found;
    for (auto const& each : order) {
        if (each.is_among_the_best() && as_fast(*each.what, order, margin)) found.push_back(each.what);
    }
    return found;
}

std::optional<std::size_t> rounds_to_tell(std::vector<placing> const& order) {
    std::optional<std::size_t> most;
    for (auto const& each : order) {
        if (each.stands != standing::unresolved) continue;
        if (!each.rounds_to_tell) return std::nullopt;
        most = std::max(most.value_or(0), *each.rounds_to_tell);
    }
    return most;
}

measurement const* recommended(std::vector<placing> const& order) {
    auto best = order;
    std::erase_if(best, [](placing const& each) { return !each.is_among_the_best(); });
    if (best.size() < 2) return nullptr;
    std::vector<prediction> costs;
    for (auto const& each : best) {
        if (each.what->model == command_model) return nullptr;  // others are not known to do the same
        constexpr double unknown = std::numeric_limits<double>::infinity();
        auto const& bytes = each.what->tree_peak_bytes;
        costs.push_back({.spec = parse_spec(each.what->spec),
                         .seconds = each.what->wall_seconds.median,
                         .cpu_seconds = cpu_seconds_of(*each.what),
                         .memory_bytes = bytes ? static_cast<double>(*bytes) : unknown});
    }
    auto const& choice = cheapest(costs, std::numeric_limits<double>::infinity());
    auto const* const found = best[static_cast<std::size_t>(&choice - costs.data())].what;
    return as_fast(*found, order, same_time) ? found : nullptr;
}

std::vector<std::string> workloads_of(results const& results) {
    std::vector<std::string> names;
    for (auto const& each : results.measurements) {
        if (std::ranges::find(names, each.workload) == names.end()) names.push_back(each.workload);
    }
    return names;
}

}  // namespace quartet::measure
