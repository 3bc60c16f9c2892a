#include "src/base/cgroups.hpp"
#include "src/base/own_cpus.hpp"

#include <quartet/cpus.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace quartet::inline v0 {
namespace detail {
namespace {

std::size_t affinity_count() {
    auto const count = std::ranges::count(own_cpus(), true);
    return static_cast<std::size_t>(std::max<std::ptrdiff_t>(1, count));
}

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
