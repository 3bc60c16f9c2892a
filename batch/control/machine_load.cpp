#include "batch/control/machine_load.hpp"

#include "src/base/own_cpus.hpp"

#include <quartet/cpus.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <dirent.h>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

namespace quartet::batch {
namespace {

namespace fs = std::filesystem;

double tick_seconds() noexcept {
    return 1 / static_cast<double>(std::max(1L, ::sysconf(_SC_CLK_TCK)));
}

/// What /proc/stat says.
struct processor_times {
    std::optional<double> busy{};  // seconds of those that are ours
    std::optional<double> runnable{};
};

processor_times read_stat(fs::path const& path, std::vector<bool> const& cpus) {
    processor_times found;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        std::istringstream fields(line);
        std::string name;
        fields >> name;
        if (name == "procs_running") {
            double running = 0;
            if (fields >> running) found.runnable = std::max(0.0, running - 1);  // we ourselves
            break;                                                               // what follows is of no use
        } else if (name.starts_with("cpu") && name.size() > 3) {
            auto const cpu = static_cast<std::size_t>(std::strtoul(name.c_str() + 3, nullptr, 10));
            if (cpu >= cpus.size() || !cpus[cpu]) continue;
            std::array<double, 8> ticks{};  // user, nice, system, idle, iowait, irq, softirq, steal
            for (double& each : ticks)
                fields >> each;
            double const busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7];
            found.busy = found.busy.value_or(0) + busy * tick_seconds();
        }
    }
    return found;
}

/// The number after `name` in a file of lines "name: number unit" or "name number".
std::optional<double> number_after(fs::path const& path, std::string_view name) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with(name)) continue;
        std::istringstream rest(line.substr(name.size()));
        if (double value = 0; rest >> value) return value;
    }
    return std::nullopt;
}

std::optional<double> only_number(fs::path const& path) {
    return number_after(path, "");
}

/// Seconds in which some task waited: "some avg10=… total=microseconds".
std::optional<double> waited(fs::path const& path) {
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line) || !line.starts_with("some ")) return std::nullopt;
    auto const at = line.find("total=");
    if (at == std::string::npos) return std::nullopt;
    return std::strtod(line.c_str() + at + 6, nullptr) * 1e-6;
}

std::optional<std::size_t> free_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
    if (limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
    DIR* const folder = ::opendir("/proc/self/fd");
    if (folder == nullptr) return std::nullopt;
    std::size_t used = 0;
    while (::readdir(folder) != nullptr)
        ++used;
    ::closedir(folder);
    used -= std::min<std::size_t>(used, 3);  // . and .. and the folder itself
    auto const most = static_cast<std::size_t>(limit.rlim_cur);
    return most > used ? most - used : 0;
}

/// What a group's limit leaves. Its page cache can be had, but for what is in use.
std::optional<double> left_in(detail::control_group const& group) {
    bool const unified = group.unified;
    auto const limit = only_number(group.folder / (unified ? "memory.max" : "memory.limit_in_bytes"));
    auto const used = only_number(group.folder / (unified ? "memory.current" : "memory.usage_in_bytes"));
    if (!limit || !used || *limit >= 0x1p62) return std::nullopt;
    auto const cache =
        number_after(group.folder / "memory.stat", unified ? "inactive_file " : "total_inactive_file ");
    return std::max(0.0, *limit - *used + std::min(*used, cache.value_or(0)));
}

std::optional<double> used_processors(detail::control_group const& group) {
    if (group.unified) {
        auto const microseconds = number_after(group.folder / "cpu.stat", "usage_usec ");
        return microseconds ? std::optional(*microseconds * 1e-6) : std::nullopt;
    }
    auto const nanoseconds = only_number(group.folder / "cpuacct.usage");
    return nanoseconds ? std::optional(*nanoseconds * 1e-9) : std::nullopt;
}

std::optional<double> per_second(std::optional<double> const& before, std::optional<double> const& after,
                                 double seconds) {
    if (!before || !after || seconds <= 0) return std::nullopt;
    return std::max(0.0, *after - *before) / seconds;
}

bool has_quota(detail::control_group const& group) {
    std::string quota;
    std::ifstream(group.folder / (group.unified ? "cpu.max" : "cpu.cfs_quota_us")) >> quota;
    return !quota.empty() && quota != "max" && !quota.starts_with('-');
}

}  // namespace

machine_load::machine_load(places where)
    : where_(std::move(where)),
      cpus_(detail::own_cpus()),
      memory_groups_(detail::own_groups("memory", where_.groups)),
      processors_(0),
      quota_(detail::cpu_quota(where_.groups)) {
    for (auto const& group : detail::own_groups("cpu", where_.groups)) {
        if (has_quota(group)) processor_groups_.push_back(group);
    }
    processors_ =
        static_cast<double>(std::max<std::ptrdiff_t>(1, std::count(cpus_.begin(), cpus_.end(), true)));
    if (cpus_.empty()) processors_ = static_cast<double>(usable_cpus());
    if (quota_) processors_ = std::min(processors_, *quota_);
}

std::optional<double> machine_load::used_by_groups() const {
    std::optional<double> most;
    for (auto const& group : processor_groups_) {
        if (auto const used = used_processors(group)) most = std::max(*used, most.value_or(0));
    }
    return most;
}

machine_load::counters machine_load::count() const {
    auto const pressure = where_.root / "proc/pressure";
    return {.busy = std::nullopt,
            .group = used_by_groups(),
            .memory = waited(pressure / "memory"),
            .disk = waited(pressure / "io")};
}

std::optional<std::uint64_t> machine_load::memory_available() const {
    std::optional<double> least;
    if (auto const kilobytes = number_after(where_.root / "proc/meminfo", "MemAvailable:"))
        least = *kilobytes * 1024;
    for (auto const& group : memory_groups_) {
        if (auto const left = left_in(group)) least = std::min(*left, least.value_or(*left));
    }
    return least ? std::optional(static_cast<std::uint64_t>(*least)) : std::nullopt;
}

machine_state machine_load::read(double now) {
    auto const times = read_stat(where_.root / "proc/stat", cpus_);
    auto counted = count();
    counted.busy = times.busy;
    double const seconds = read_at_ ? now - *read_at_ : 0;
    machine_state found{.processors = processors_,
                        .busy = per_second(before_.busy, counted.busy, seconds),
                        .runnable = times.runnable,
                        .load = only_number(where_.root / "proc/loadavg"),
                        .memory_available = memory_available(),
                        .memory_stalled = per_second(before_.memory, counted.memory, seconds),
                        .disk_stalled = per_second(before_.disk, counted.disk, seconds),
                        .descriptors_free = free_descriptors()};
    // A group that has used its quota up is as busy as it can be, however idle the machine is.
    auto const group = per_second(before_.group, counted.group, seconds);
    if (group && quota_) {
        double const of_machine = found.busy.value_or(0);
        double const room = std::max(1.0, static_cast<double>(std::count(cpus_.begin(), cpus_.end(), true)));
        bool const machine_full = of_machine >= 0.95 * room;
        found.busy = machine_full ? processors_ : std::min(processors_, *group);
    }
    before_ = counted;
    read_at_ = now;
    return found;
}

}  // namespace quartet::batch
