// cli/batching/batch_report.hpp
//
// A batch's summary as JSON.
#pragma once

#include "batch/run/batch_summary.hpp"

#include <string>
#include <vector>

namespace quartet::cli {

/// docs/batch.md has its members. `typed` is the batch's command line.
std::string batch_to_json(batch::batch_summary const& summary, std::vector<std::string> const& typed);

}  // namespace quartet::cli
