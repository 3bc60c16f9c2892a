// src/base/cgroups.hpp
//
// The control groups that this process is in. A limit binds everybody below the group that has it, so every
// group counts from our own up to the root of the mount.
//
// A process is in one group of the unified (v2) hierarchy and, where v1 is mounted, in one of each v1
// hierarchy; /proc/self/cgroup lists them. Reads a few small files; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace quartet::inline v0::detail {

struct control_group {
    std::filesystem::path folder;
    bool unified;  ///< of version 2
};

/// Where the kernel says it; others for tests.
struct cgroup_files {
    std::filesystem::path groups = "/proc/self/cgroup";
    std::filesystem::path mounts = "/proc/self/mountinfo";
    std::filesystem::path root = {};  ///< stands before every mount point, if it is not empty
};

/// Our groups of a controller ("cpu", "memory"), the innermost first in each hierarchy.
std::vector<control_group> own_groups(std::string_view controller, cgroup_files const& files = {});

/// The processors that the tightest quota allows: cpu.max of v2, cpu.cfs_quota_us of v1. Absent without one.
std::optional<double> cpu_quota(cgroup_files const& files = {});

/// The same in whole processors, rounded up; 0 if there is no quota.
std::size_t cgroup_cpu_limit(cgroup_files const& files = {});

/// The bytes that the tightest limit allows: memory.max of v2, memory.limit_in_bytes of v1. Absent without
/// one.
std::optional<std::uint64_t> memory_limit(cgroup_files const& files = {});

/// How long our groups were kept from running since their quotas were used up, in nanoseconds, in all groups
/// together: throttled_usec or throttled_time in cpu.stat. Absent where no group has a quota.
std::optional<std::uint64_t> throttled_nanoseconds(cgroup_files const& files = {});

}  // namespace quartet::inline v0::detail
