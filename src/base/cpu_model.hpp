// src/base/cpu_model.hpp
//
// What kind of processor this is. Reads /proc/cpuinfo; any thread.
#pragma once

#include <string>

namespace quartet::inline v0::detail {

/// x86 has a "model name"; on other processors the kernel often names only the architecture.
std::string cpu_model();

}  // namespace quartet::inline v0::detail
