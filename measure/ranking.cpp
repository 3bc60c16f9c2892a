#include "measure/ranking.hpp"

#include "measure/session.hpp"

#include <algorithm>

namespace quartet::measure {

std::vector<placing> rank(results const& results, std::string_view workload) {
    std::vector<placing> order;
    for (auto const& each : results.measurements) {
        bool const timed = each.workload == workload && is_good(each) && each.wall_seconds.median > 0;
        if (timed) order.push_back({&each, 1, false});
    }
    std::ranges::stable_sort(order, {}, [](placing const& each) { return each.what->wall_seconds.median; });
    for (auto& each : order) {
        if (each.what == order.front().what) continue;
        auto const& samples = each.what->wall_seconds.samples;
        auto const& best = order.front().what->wall_seconds.samples;
        if (samples.size() != best.size()) {  // a round was lost: only the medians can be compared
            each.times_the_best = each.what->wall_seconds.median / order.front().what->wall_seconds.median;
            continue;
        }
        auto const compared = compare(samples, best);
        each.times_the_best = compared.ratio;
        each.tied = compared.winner != verdict::second_wins;
    }
    return order;
}

std::vector<std::string> workloads_of(results const& results) {
    std::vector<std::string> names;
    for (auto const& each : results.measurements) {
        if (std::ranges::find(names, each.workload) == names.end()) names.push_back(each.workload);
    }
    return names;
}

}  // namespace quartet::measure
