// measure/probes/noise.hpp
//
// What else the machine does while something is measured: other programs, other machines on the same
// hypervisor, quotas, pressure. Read before and after; the difference is what went on in between.
//
// Sources: proc(5), "stat" (the processors' times, in ticks of 10 ms as a rule) and "pressure"; the kernel's
// Documentation/accounting/psi.rst; Documentation/scheduler/sched-bwc.rst (throttling).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace quartet::measure {

/// Times since boot, of the processors that this process may use together.
struct noise_reading {
    std::chrono::steady_clock::time_point when{};
    double busy_seconds = 0;   ///< in any program, and in the kernel for it
    double steal_seconds = 0;  ///< that the hypervisor gave to other machines
    double own_seconds = 0;    ///< processor time of this process
    std::optional<double> throttled_seconds{};
    std::optional<double> io_pressure_seconds{};      ///< that some task waited for a disk
    std::optional<double> memory_pressure_seconds{};  ///< that some task waited for memory
};

/// Some 50 microseconds. Any thread.
noise_reading read_noise();

/// What went on between two readings.
struct noise {
    double seconds = 0;  ///< on the clock
    double cpus = 0;     ///< that this process may use
    double other_cpu_seconds = 0;
    double steal_seconds = 0;
    std::optional<double> throttled_seconds{};
    std::optional<double> io_pressure_seconds{};
    std::optional<double> memory_pressure_seconds{};

    double other_cpu_share() const noexcept { return share(other_cpu_seconds); }
    double steal_share() const noexcept { return share(steal_seconds); }

    noise& operator+=(noise const& more);

    /// Whether others took more than a twentieth of the processors, and for more than the kernel's ticks can
    /// be wrong by.
    bool disturbs() const noexcept;

private:
    double share(double of) const noexcept { return seconds > 0 && cpus > 0 ? of / (seconds * cpus) : 0; }
};

/// `ours` is the processor time that the run's own processes used, this one left out.
noise noise_between(noise_reading const& before, noise_reading const& after, double ours);

/// The processor time so far of a process and of its descendants, those too that were waited for; 0 if it is
/// gone. That of descendants is exact to some ticks. Cost: some 20 microseconds a process.
double cpu_seconds_of_tree(pid_t process);

/// The "some … total=" of a file of /proc/pressure, in seconds; absent if there is none.
std::optional<double> pressure_in(std::string_view text);

/// Busy and steal time, in ticks, of some processors in a text like /proc/stat.
struct cpu_ticks {
    double busy = 0;
    double steal = 0;
};
cpu_ticks ticks_in(std::string_view text, std::vector<bool> const& cpus);

}  // namespace quartet::measure
