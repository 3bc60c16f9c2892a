// batch/control/machine_load.hpp
//
// Reads how the machine is.
//
// From /proc/stat (busy: of the processors that this process may run on; runnable), /proc/loadavg,
// /proc/meminfo, /proc/pressure, and of our control groups the quota of processors, what they used of it, and
// what their memory limits leave. What a kernel or a container does not show is absent.
//
// For one thread. A reading takes a dozen small files, about 0.2 ms. Throws nothing but std::bad_alloc.
#pragma once

#include "batch/control/machine_state.hpp"
#include "src/base/cgroups.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace quartet::batch {

class machine_load {
public:
    /// Where the kernel says it; others for tests.
    struct places {
        std::filesystem::path root = "/";
        detail::cgroup_files groups{};
    };

    machine_load() : machine_load(places{}) {}
    explicit machine_load(places where);

    /// `now` is in seconds, of a clock that never goes back; shares of time are since the reading before, and
    /// absent in the first.
    machine_state read(double now);

private:
    /// Seconds that only ever grow.
    struct counters {
        std::optional<double> busy{};    // of all our processors
        std::optional<double> group{};   // of our groups that have a quota
        std::optional<double> memory{};  // in which a task waited for it
        std::optional<double> disk{};
    };

    counters count() const;
    std::optional<double> used_by_groups() const;
    std::optional<std::uint64_t> memory_available() const;

    places where_;
    std::vector<bool> cpus_;
    std::vector<detail::control_group> memory_groups_;
    std::vector<detail::control_group> processor_groups_;  // with a quota
    double processors_;
    std::optional<double> quota_;
    std::optional<double> read_at_{};
    counters before_{};
};

}  // namespace quartet::batch
