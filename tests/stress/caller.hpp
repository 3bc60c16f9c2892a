// tests/stress/caller.hpp
//
// One of the threads of an episode that make calls to its executors.
#pragma once

#include "tests/stress/stage.hpp"

#include <cstddef>

namespace quartet::stress {

/// Makes the calls of one caller, on this thread.
void call_all(stage& on, std::size_t caller);

}  // namespace quartet::stress
