// report/svg.hpp
//
// The charts of the page as pictures for documents, drawn by the same code. Any thread; each call has an
// engine of its own, and takes some tenths of a second for 10,000 tasks.
#pragma once

#include "measure/results/results.hpp"

#include <string>
#include <vector>

namespace quartet::report {

struct picture {
    std::string name;  ///< of a file: "fetch-timeline.svg"
    std::string svg;
};

/// Throws std::logic_error if this build has no page, std::runtime_error if drawing fails.
std::vector<picture> draw_charts(measure::results const& results);

}  // namespace quartet::report
