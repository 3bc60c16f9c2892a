// measure/statistics/ranking.hpp
//
// Which model was fastest at a workload, and by how much. Pure functions; any thread.
//
// Which of them is in front follows from the same times as the comparisons with it, so each may have been
// compared with each other: the confidence is corrected for all pairs. Corrected for the rivals of the first
// alone, 4 configurations that are the same were called different in 7 % of simulated runs, and 20 in 15 %.
#pragma once

#include "measure/results/results.hpp"
#include "measure/statistics/comparison.hpp"

#include <quartet/workload/advice.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::measure {

enum class standing {
    first,
    equal,       ///< to the first, certainly
    unresolved,  ///< it may be as fast as the first, or faster
    behind_yet,  ///< slower, but the rounds are too few to be sure
    behind,      ///< certainly slower
};

/// A good measurement and how the fastest compares with it.
struct placing {
    measurement const* what;
    double times_the_best;  ///< how many times the fastest's time it took; 1 for the fastest
    interval bounds;        ///< of that
    standing stands;
    std::optional<std::size_t> rounds_to_tell{};  ///< if it is unresolved, and not too near to the margin

    bool is_among_the_best() const noexcept { return stands < standing::behind_yet; }
};

/// The good measurements of a workload, fastest first. All comparisons together are wrong in 5 % of cases at
/// the most. The pointers are into `results`.
std::vector<placing> rank(results const& results, std::string_view workload);

/// The same for some measurements of one workload.
std::vector<placing> rank(std::vector<measurement const*> const& measurements, double margin);

/// Pairs of so many configurations.
std::size_t comparisons_among(std::size_t configurations);

/// How many rounds it takes to be sure of anything about so many configurations: 6 for 2, 7 for 3, 8 for 4.
std::size_t rounds_needed(std::size_t configurations);

/// Those among the best whose medians differ from the first's by less than `margin`: candidates for advice. A
/// slower one may be as fast in truth, if the rounds can't tell; but a user who is told to take it sees a
/// faster one in the table.
std::vector<measurement const*> as_fast_as_the_first(std::vector<placing> const& order,
                                                     double margin = same_time);

/// In how many rounds all of them can be expected to be told from the first; absent if none is unresolved, or
/// if one is too near to the margin for it.
std::optional<std::size_t> rounds_to_tell(std::vector<placing> const& order);

/// The one to take of those that are among the best: the cheapest() of them. Null if there is nothing to
/// choose, or if that is one that took longer.
measurement const* recommended(std::vector<placing> const& order);

/// The workloads of the results, in their order.
std::vector<std::string> workloads_of(results const& results);

}  // namespace quartet::measure
