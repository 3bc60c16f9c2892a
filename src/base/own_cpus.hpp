// src/base/own_cpus.hpp
//
// Which processors a thread may run on. Any thread.
#pragma once

#include <vector>

namespace quartet::inline v0::detail {

/// Whether this thread may run on each processor, by its number. Empty if the kernel does not tell.
std::vector<bool> own_cpus();

}  // namespace quartet::inline v0::detail
