// src/base/file_size_limit.hpp
#pragma once

#include <cstdint>
#include <limits>
#include <sys/resource.h>

namespace quartet::inline v0::detail {

/// How many bytes a file of this process may have (RLIMIT_FSIZE, `ulimit -f`), one in memory too; the largest
/// number if there is no limit.
inline std::uint64_t file_size_limit() noexcept {
    rlimit limit{};
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return std::numeric_limits<std::uint64_t>::max();
    return limit.rlim_cur;
}

}  // namespace quartet::inline v0::detail
