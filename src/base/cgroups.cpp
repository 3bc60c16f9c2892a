#include "src/base/cgroups.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace quartet::inline v0::detail {
namespace {

namespace fs = std::filesystem;

/// A mounted hierarchy: the group at its root, and where it stands in the file system.
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
std::vector<cgroup_mount> find_mounts(fs::path const& mounts_file, std::string_view controller) {
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
        if (type == "cgroup" && has_word(options, controller)) mounts.push_back({root, point, false});
    }
    return mounts;
}

// A line of /proc/self/cgroup: hierarchy:controllers:path, with "0::" for v2.
std::optional<std::string> own_group(fs::path const& cgroup_file, bool unified, std::string_view controller) {
    std::ifstream file(cgroup_file);
    for (std::string line; std::getline(file, line);) {
        auto const first = line.find(':');
        auto const second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        auto const controllers = line.substr(first + 1, second - first - 1);
        bool const matches = unified ? line.starts_with("0::") : has_word(controllers, controller);
        if (matches) return line.substr(second + 1);
    }
    return std::nullopt;
}

/// The folders from `group` up to the mount point.
void add_groups(std::vector<control_group>& found, cgroup_mount const& mount, std::string const& group,
                fs::path const& root) {
    fs::path const top = root.empty() ? mount.point : root / mount.point.relative_path();
    // In a container the mount shows only our part of the hierarchy.
    fs::path below = fs::path(group).lexically_relative(mount.root);
    if (below.empty() || below.native().starts_with("..")) below = ".";
    for (fs::path here = (top / below).lexically_normal();; here = here.parent_path()) {
        found.push_back({here, mount.unified});
        if (!here.native().starts_with(top.native()) || here.native().size() <= top.native().size()) break;
    }
}

std::optional<double> quota_of(control_group const& group) {
    std::string quota;
    double period = 0;
    if (group.unified) {
        std::ifstream(group.folder / "cpu.max") >> quota >> period;
    } else {
        std::ifstream(group.folder / "cpu.cfs_quota_us") >> quota;
        std::ifstream(group.folder / "cpu.cfs_period_us") >> period;
    }
    if (quota.empty() || quota == "max" || quota.starts_with('-') || period <= 0) return std::nullopt;
    double const allowed = std::strtod(quota.c_str(), nullptr) / period;
    return allowed > 0 ? std::optional(allowed) : std::nullopt;
}

std::optional<std::uint64_t> memory_limit_of(control_group const& group) {
    // v1 says "no limit" by the greatest number of pages that fits into 63 bits.
    constexpr std::uint64_t none = std::uint64_t{1} << 62;
    std::uint64_t limit = none;
    std::ifstream(group.folder / (group.unified ? "memory.max" : "memory.limit_in_bytes")) >> limit;
    return limit > 0 && limit < none ? std::optional(limit) : std::nullopt;
}

std::optional<std::uint64_t> throttled_of(control_group const& group) {
    std::ifstream file(group.folder / "cpu.stat");
    std::string name;
    for (std::uint64_t value = 0; file >> name >> value;) {
        if (name == "throttled_usec") return value * 1000;
        if (name == "throttled_time") return value;
    }
    return std::nullopt;
}

/// The least of what `read` finds in the groups.
template <class Value>
std::optional<Value> tightest(std::string_view controller, cgroup_files const& files,
                              std::optional<Value> (*read)(control_group const&)) {
    std::optional<Value> least;
    for (auto const& group : own_groups(controller, files)) {
        if (auto const value = read(group)) least = std::min(*value, least.value_or(*value));
    }
    return least;
}

}  // namespace

std::vector<control_group> own_groups(std::string_view controller, cgroup_files const& files) {
    std::vector<control_group> found;
    for (auto const& mount : find_mounts(files.mounts, controller)) {
        if (auto const group = own_group(files.groups, mount.unified, controller))
            add_groups(found, mount, *group, files.root);
    }
    return found;
}

std::optional<double> cpu_quota(cgroup_files const& files) {
    return tightest<double>("cpu", files, quota_of);
}

std::size_t cgroup_cpu_limit(cgroup_files const& files) {
    auto const quota = cpu_quota(files);
    return quota ? std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(*quota))) : 0;
}

std::optional<std::uint64_t> memory_limit(cgroup_files const& files) {
    return tightest<std::uint64_t>("memory", files, memory_limit_of);
}

std::optional<std::uint64_t> throttled_nanoseconds(cgroup_files const& files) {
    std::optional<std::uint64_t> sum;
    for (auto const& group : own_groups("cpu", files)) {
        if (!quota_of(group)) continue;
        if (auto const value = throttled_of(group)) sum = sum.value_or(0) + *value;
    }
    return sum;
}

}  // namespace quartet::inline v0::detail
