#include "measure/trial/stopping.hpp"

#include "measure/statistics/comparison.hpp"
#include "measure/statistics/ranking.hpp"

#include <algorithm>

namespace quartet::measure {

std::vector<std::size_t> interim_analyses(std::size_t configurations, std::size_t most) {
    constexpr std::size_t most_analyses = 10;
    std::vector<std::size_t> rounds;
    std::size_t next = rounds_needed(configurations);
    for (; next < most && rounds.size() + 1 < most_analyses; next += (next + 1) / 2)
        rounds.push_back(next);
    rounds.push_back(most);
    return rounds;
}

bool is_precise(std::vector<measurement const*> const& of_workload, double precision) {
    auto order = of_workload;
    std::erase_if(
        order, [](measurement const* each) { return counted(*each, &trial_figures::wall_seconds).empty(); });
    if (order.empty()) return true;  // more rounds would gain nothing
    std::ranges::stable_sort(order, {}, [](measurement const* each) { return each->wall_seconds.median; });
    if (order.size() == 1) {
        auto const& wall = order.front()->wall_seconds;
        return wall.confidence >= 0.95 && wall.high - wall.low < precision * wall.median;
    }
    auto const pairs = in_same_rounds(*order[0], *order[1]);
    if (pairs.first.empty()) return false;
    auto const compared =
        compare_rounds(pairs.first, pairs.second, {.comparisons = comparisons_among(order.size())});
    return compared.enough && compared.width() < precision;
}

}  // namespace quartet::measure
