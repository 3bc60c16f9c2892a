#include <quartet/cpus.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <optional>
#include <sched.h>
#include <sstream>
#include <string>
#include <vector>

// A process is in one group of the unified (v2) hierarchy and, where v1 is mounted, in one of each v1
// hierarchy; /proc/self/cgroup lists them. A quota binds everybody below the group that has it, so every
// group from ours up to the root of the mount is read and the tightest counts.

namespace quartet {
namespace detail {
namespace {

namespace fs = std::filesystem;

/// A mounted cgroup hierarchy: the group at its root, and where it stands in the file system.
struct cgroup_mount {
    std::string root;
    fs::path point;
    bool unified;
};

bool has_word(std::string const& list, std::string_view word) {
    std::istringstream words(list);
    for (std::string each; std::getline(words, each, ',');) {
        if (each == word) return true;
    }
    return false;
}

// A line of mountinfo: id parent device root mount-point options … - type source super-options.
std::vector<cgroup_mount> find_mounts(fs::path const& mounts_file) {
    std::vector<cgroup_mount> mounts;
    std::ifstream file(mounts_file);
    for (std::string line; std::getline(file, line);) {
        auto const dash = line.find(" - ");
        if (dash == std::string::npos) continue;
        std::istringstream before(line.substr(0, dash));
        std::istringstream after(line.substr(dash + 3));
        std::string id, parent, device, root, point, type, source, options;
        before >> id >> parent >> device >> root >> point;
        after >> type >> source >> options;
        if (type == "cgroup2") mounts.push_back({root, point, true});
        if (type == "cgroup" && has_word(options, "cpu")) mounts.push_back({root, point, false});
    }
    return mounts;
}

// A line of /proc/self/cgroup: hierarchy:controllers:path, with "0::" for v2.
std::optional<std::string> own_group(fs::path const& cgroup_file, bool unified) {
    std::ifstream file(cgroup_file);
    for (std::string line; std::getline(file, line);) {
        auto const first = line.find(':');
        auto const second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        auto const controllers = line.substr(first + 1, second - first - 1);
        bool const matches = unified ? line.starts_with("0::") : has_word(controllers, "cpu");
        if (matches) return line.substr(second + 1);
    }
    return std::nullopt;
}

std::optional<double> read_quota(fs::path const& group, bool unified) {
    std::string quota;
    double period = 0;
    if (unified) {
        std::ifstream(group / "cpu.max") >> quota >> period;
    } else {
        std::ifstream(group / "cpu.cfs_quota_us") >> quota;
        std::ifstream(group / "cpu.cfs_period_us") >> period;
    }
    if (quota.empty() || quota == "max" || quota.starts_with('-') || period <= 0) return std::nullopt;
    return std::strtod(quota.c_str(), nullptr) / period;
}

/// The tightest quota from `group` up to the mount point.
std::optional<double> tightest_quota(cgroup_mount const& mount, std::string const& group,
                                     fs::path const& root) {
    fs::path const top = root / mount.point.relative_path();
    // In a container the mount shows only our part of the hierarchy.
    fs::path below = fs::path(group).lexically_relative(mount.root);
    if (below.empty() || below.native().starts_with("..")) below = ".";
    std::optional<double> tightest;
    for (fs::path here = (top / below).lexically_normal();; here = here.parent_path()) {
        if (auto const quota = read_quota(here, mount.unified))
            tightest = std::min(quota, tightest ? tightest : quota);
        if (!here.native().starts_with(top.native()) || here.native().size() <= top.native().size()) break;
    }
    return tightest;
}

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

std::size_t cgroup_cpu_limit(fs::path const& cgroup_file, fs::path const& mounts_file, fs::path const& root) {
    std::optional<double> tightest;
    for (auto const& mount : find_mounts(mounts_file)) {
        auto const group = own_group(cgroup_file, mount.unified);
        if (!group) continue;
        if (auto const quota = tightest_quota(mount, *group, root))
            tightest = std::min(quota, tightest ? tightest : quota);
    }
    return tightest ? std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(*tightest))) : 0;
}

}  // namespace detail

std::size_t usable_cpus() {
    std::size_t const affinity = detail::affinity_count();
    std::size_t const limit = detail::cgroup_cpu_limit("/proc/self/cgroup", "/proc/self/mountinfo");
    return limit ? std::min(affinity, limit) : affinity;
}

std::size_t cpu_share() {
    if (detail::thread_share) return detail::thread_share;
    std::size_t const of_process = detail::process_share.load(std::memory_order_relaxed);
    return of_process ? of_process : usable_cpus();
}

}  // namespace quartet
