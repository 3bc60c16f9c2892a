// include/quartet/cpus.hpp
//
// How many processors this process may really use.
#pragma once

#include <algorithm>
#include <cstddef>

namespace quartet::inline v0 {

/// The processors in this thread's affinity mask, or fewer where a cgroup's quota (cpu.max of v2,
/// cpu.cfs_quota_us of v1, the tightest from the process's own group up to the root) allows less: a quota
/// of 1.5 CPUs counts as 2. At least 1.
///
/// Reads a few small files: some 50 µs. Thread-safe. Sources: sched_getaffinity(2), the kernel's
/// admin-guide/cgroup-v2.rst (cpu.max) and scheduler/sched-bwc.rst (cpu.cfs_quota_us).
std::size_t usable_cpus();

/// The processors for what is made on this thread: usable_cpus(), or in a worker of an executor the worker's
/// part of what the executor had, at least 1. So executors within executors share one budget, and 8 workers
/// that each make an executor do not make 64.
///
/// As thorough as usable_cpus() outside of workers, a load inside. Thread-safe. A thread that a body starts
/// by itself is a stranger to this in `threads`, and belongs to its worker in `processes`.
std::size_t cpu_share();

namespace detail {

/// What each of `workers` gets of `all` processors: at least 1.
constexpr std::size_t one_share(std::size_t all, std::size_t workers) noexcept {
    return std::max<std::size_t>(1, all / std::max<std::size_t>(1, workers));
}

/// Makes this thread a worker's, with `share` of the processors.
void set_thread_cpu_share(std::size_t share) noexcept;

/// Makes this process a worker's, with `share` of the processors.
void set_process_cpu_share(std::size_t share) noexcept;

}  // namespace detail
}  // namespace quartet::inline v0
