// measure/analysis/findings.hpp
//
// What a run has shown, in sentences. Names and messages of the results stand in them as they are: make them
// printable before they are shown. Pure functions; any thread.
#pragma once

#include "measure/results/results.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace quartet::measure {

/// Something that several models have in common.
struct remark {
    std::vector<std::string> specs;
    std::vector<std::string> lines;  ///< the first follows their names
};

struct findings {
    std::vector<std::string> best;  ///< specs; several if which of them is best can't be told
    std::string
        verdict;  ///< who won by what ratio, and what the Python study found; empty if there is one model
    std::string outliers;          ///< which times are far from their median, and how many; empty if none are
    std::vector<remark> doubts;    ///< what makes figures doubtful
    std::vector<remark> troubles;  ///< what went wrong
};

/// A number of rounds that is an estimate, in two digits, upwards: 57, 120, 3300.
std::size_t about(std::size_t rounds);

/// What a run has shown of one workload.
findings findings_of(results const& from, std::string const& workload);

/// Whether the run was cut short, and what disturbed it.
std::vector<std::string> remarks_on_run(results const& from);

}  // namespace quartet::measure
