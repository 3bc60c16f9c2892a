// measure/machine.hpp
//
// The machine a run takes place on. Reads two small files; any thread.
#pragma once

#include "measure/results.hpp"

#include <cstddef>

namespace quartet::measure {

/// `usable_cpus` is the caller's to find out. What the system does not tell is an empty string.
machine this_machine(std::size_t usable_cpus);

}  // namespace quartet::measure
