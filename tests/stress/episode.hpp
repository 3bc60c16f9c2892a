// tests/stress/episode.hpp
#pragma once

#include "tests/stress/board.hpp"
#include "tests/stress/bodies.hpp"
#include "tests/stress/plan.hpp"

#include <string>

namespace quartet::stress {

/// Does what the plan says, in this process, and checks the promises. True: all were kept. Broken ones are
/// told on standard output.
bool run_episode(plan const& what, board& counts, std::string const& folder, breakage broken);

/// Has the libraries open what they open once and keep. Leaves no thread.
void warm_up(std::string const& folder);

}  // namespace quartet::stress
