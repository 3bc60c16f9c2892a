// src/base/pidfd.hpp
#pragma once

#include <sys/wait.h>

namespace quartet::inline v0::detail {

/// P_PIDFD for waitid(), by number: <sys/pidfd.h> came with glibc 2.36, and <linux/wait.h> does not go with
/// <sys/wait.h>.
inline constexpr auto by_descriptor = static_cast<idtype_t>(3);

}  // namespace quartet::inline v0::detail
