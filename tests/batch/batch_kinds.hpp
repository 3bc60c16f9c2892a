// tests/batch/batch_kinds.hpp
//
// The kinds of batch that the automatic number of jobs is judged by.
#pragma once

#include "tests/batch/simulated_batch.hpp"

#include <vector>

namespace quartet::batch::simulated {

std::vector<kind> const& all_kinds();

/// Throws std::out_of_range if there is none.
kind const& kind_named(std::string const& name);

}  // namespace quartet::batch::simulated
