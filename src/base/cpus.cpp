#include "src/base/cgroups.hpp"

#include <quartet/cpus.hpp>

#include <algorithm>
#include <atomic>
#include <sched.h>

namespace quartet::inline v0 {
namespace detail {
namespace {

std::size_t affinity_count() {
    // The mask may be larger than cpu_set_t's 1024 processors; the kernel answers EINVAL until it fits.
    for (int processors = 1024; processors <= 1024 * 64; processors *= 2) {
        cpu_set_t* const mask = CPU_ALLOC(static_cast<std::size_t>(processors));
        if (!mask) break;
        std::size_t const bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(processors));
        int const count = sched_getaffinity(0, bytes, mask) == 0 ? CPU_COUNT_S(bytes, mask) : 0;
        CPU_FREE(mask);
        if (count > 0) return static_cast<std::size_t>(count);
    }
    return 1;
}

}  // namespace

namespace {

// 0: not a worker.
constinit thread_local std::size_t thread_share = 0;
constinit std::atomic<std::size_t> process_share = 0;

}  // namespace

void set_thread_cpu_share(std::size_t share) noexcept {
    thread_share = share;
}

void set_process_cpu_share(std::size_t share) noexcept {
    thread_share = share;
    process_share.store(share, std::memory_order_relaxed);
}

}  // namespace detail

std::size_t usable_cpus() {
    std::size_t const affinity = detail::affinity_count();
    std::size_t const limit = detail::cgroup_cpu_limit();
    return limit ? std::min(affinity, limit) : affinity;
}

std::size_t cpu_share() {
    if (detail::thread_share) return detail::thread_share;
    std::size_t const of_process = detail::process_share.load(std::memory_order_relaxed);
    return of_process ? of_process : usable_cpus();
}

}  // namespace quartet::inline v0
