// include/quartet/cpus.hpp
//
// How many processors this process may really use.
#pragma once

#include <cstddef>
#include <filesystem>

namespace quartet {

/// The processors in this thread's affinity mask, or fewer where a cgroup's quota (cpu.max of v2,
/// cpu.cfs_quota_us of v1, the tightest from the process's own group up to the root) allows less: a quota
/// of 1.5 CPUs counts as 2. At least 1.
///
/// Reads a few small files: some 50 µs. Thread-safe. Sources: sched_getaffinity(2), the kernel's
/// admin-guide/cgroup-v2.rst (cpu.max) and scheduler/sched-bwc.rst (cpu.cfs_quota_us).
std::size_t usable_cpus();

namespace detail {

/// The cgroup limit in whole CPUs, rounded up; 0 if there is none. `cgroup_file` is in the form of
/// /proc/self/cgroup, `mounts_file` in that of /proc/self/mountinfo; `root` stands before every mount
/// point, for tests.
std::size_t cgroup_cpu_limit(std::filesystem::path const& cgroup_file,
                             std::filesystem::path const& mounts_file,
                             std::filesystem::path const& root = {});

}  // namespace detail
}  // namespace quartet
