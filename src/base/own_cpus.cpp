#include "src/base/own_cpus.hpp"

#include <cstddef>
#include <sched.h>

namespace quartet::inline v0::detail {

std::vector<bool> own_cpus() {
    // The mask may be larger than cpu_set_t's 1024 processors; the kernel answers EINVAL until it fits.
    constexpr int most = 1 << 16;
    std::vector<bool> usable;
    for (int size = 1024; size <= most; size *= 2) {
        cpu_set_t* const mask = CPU_ALLOC(static_cast<std::size_t>(size));
        if (!mask) break;
        std::size_t const bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(size));
        bool const known = ::sched_getaffinity(0, bytes, mask) == 0;
        for (int cpu = 0; known && cpu < size; ++cpu)
            usable.push_back(CPU_ISSET_S(static_cast<std::size_t>(cpu), bytes, mask));
        CPU_FREE(mask);
        if (known) break;
    }
    return usable;
}

}  // namespace quartet::inline v0::detail
