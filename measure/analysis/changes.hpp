// measure/analysis/changes.hpp
//
// What has changed from one run's results to another's: row by row, a row being a workload under a model.
// Pure functions; any thread.
#pragma once

#include "measure/results/results.hpp"
#include "measure/statistics/comparison.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::measure {

enum class change_kind {
    faster,
    slower,
    equal,       ///< certainly within the margin
    unresolved,  ///< too few rounds, or too much noise, to say
    broken,      ///< it was good, and now tasks fail, or its answer or end state is wrong
    mended,      ///< the other way round
    failed,      ///< in both
    added,       ///< only in the new results
    removed,     ///< only in the old ones
};

std::string_view to_string(change_kind which);

struct change {
    std::string workload;
    std::string spec;
    change_kind kind;
    double old_seconds = 0;  ///< the median; 0 if there is none
    double new_seconds = 0;
    std::optional<comparison>
        compared{};  ///< new / old: above 1 is slower; absent where there is nothing to compare

    /// Certainly slower, and by more than this in the middle of the interval; or broken. 0.05 is 5 %.
    bool is_regression(double above) const noexcept;

    /// Neither a regression nor certainly none: by the rounds that there are it may be slower by more than
    /// this.
    bool may_be_regression(double above) const noexcept;

    /// The medians tell the other way than `compared`, in figures of a tenth of a per cent.
    bool contradicts_medians() const noexcept;
};

/// One for each row of either, in the order of the old results, then what is new. The times are compared by
/// compare_runs(), with 95 % confidence that all rows together are judged right.
std::vector<change> changes_between(results const& old_results, results const& new_results, double margin);

/// What must be the same for a comparison to mean anything, and is not: "kernel: 'Linux 6.1' and
/// 'Linux 6.5'", "parameter sleep.scale: '0.1' and '1'". Of the machine everything but limits, of the
/// settings the parameters of workloads that both have.
std::vector<std::string> differences_between(results const& old_results, results const& new_results);

/// How many rounds both must have to be sure of anything about so many rows.
std::size_t rounds_needed_to_compare(std::size_t rows);

}  // namespace quartet::measure
