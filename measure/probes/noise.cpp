#include "measure/probes/noise.hpp"

#include "measure/probes/proc_files.hpp"
#include "src/base/cgroups.hpp"
#include "src/base/own_cpus.hpp"

#include <quartet/cpus.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <unistd.h>

namespace quartet::measure {
namespace {

std::string whole_file(char const* path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

double in_seconds(timespec const& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double own_cpu_seconds() {
    timespec used{};
    return ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0 ? in_seconds(used) : 0;
}

double tick_seconds() {
    static double const tick = 1 / static_cast<double>(std::max(1L, ::sysconf(_SC_CLK_TCK)));
    return tick;
}

std::optional<double> throttled_seconds() {
    auto const throttled = detail::throttled_nanoseconds();
    return throttled ? std::optional(static_cast<double>(*throttled) * 1e-9) : std::nullopt;
}

std::optional<double> grown(std::optional<double> const& before, std::optional<double> const& after) {
    return before && after ? std::optional(std::max(0.0, *after - *before)) : std::nullopt;
}

std::optional<double> sum(std::optional<double> const& one, std::optional<double> const& other) {
    return one && other ? std::optional(*one + *other) : one ? one : other;
}

/// The processor time of the children that a process has waited for, and of theirs.
double waited_for_seconds(pid_t process) {
    std::istringstream fields{std::string(after_name(proc_file(process, "stat").text()))};
    std::string skipped;
    for (int field = 3; field < 16; ++field)
        fields >> skipped;
    double user = 0;  // fields 16 and 17
    double system = 0;
    fields >> user >> system;
    return (user + system) * tick_seconds();
}

/// None where the kernel does not tell (CONFIG_PROC_CHILDREN).
std::vector<pid_t> children_of(pid_t process) {
    std::istringstream numbers(whole_file(fmt::format("/proc/{0}/task/{0}/children", process).c_str()));
    return {std::istream_iterator<pid_t>(numbers), {}};
}

}  // namespace

cpu_ticks ticks_in(std::string_view text, std::vector<bool> const& cpus) {
    cpu_ticks sum;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("cpu") || line.starts_with("cpu ")) continue;
        std::istringstream fields(line.substr(3));
        std::size_t cpu = 0;
        // Guests are in user and nice already.
        std::array<double, 8> ticks{};  // user, nice, system, idle, iowait, irq, softirq, steal
        fields >> cpu;
        for (double& each : ticks)
            fields >> each;
        if (cpu >= cpus.size() || !cpus[cpu]) continue;
        sum.busy += ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6];
        sum.steal += ticks[7];
    }
    return sum;
}

std::optional<double> pressure_in(std::string_view text) {
    constexpr std::string_view some = "some ";
    constexpr std::string_view total = "total=";
    if (!text.starts_with(some)) return std::nullopt;
    auto const at = text.find(total);
    if (at == std::string_view::npos) return std::nullopt;
    auto const number = text.substr(at + total.size());
    std::uint64_t microseconds = 0;
    auto const [end, error] = std::from_chars(number.data(), number.data() + number.size(), microseconds);
    if (error != std::errc()) return std::nullopt;
    return static_cast<double>(microseconds) * 1e-6;
}

noise_reading read_noise() {
    double const tick = tick_seconds();
    auto const ticks = ticks_in(whole_file("/proc/stat"), detail::own_cpus());
    return {.when = std::chrono::steady_clock::now(),
            .busy_seconds = ticks.busy * tick,
            .steal_seconds = ticks.steal * tick,
            .own_seconds = own_cpu_seconds(),
            .throttled_seconds = throttled_seconds(),
            .io_pressure_seconds = pressure_in(whole_file("/proc/pressure/io")),
            .memory_pressure_seconds = pressure_in(whole_file("/proc/pressure/memory"))};
}

noise noise_between(noise_reading const& before, noise_reading const& after, double ours) {
    double const own = after.own_seconds - before.own_seconds;
    double const busy = after.busy_seconds - before.busy_seconds;
    return {.seconds = std::chrono::duration<double>(after.when - before.when).count(),
            .cpus = static_cast<double>(usable_cpus()),
            .other_cpu_seconds = std::max(0.0, busy - own - ours),
            .steal_seconds = std::max(0.0, after.steal_seconds - before.steal_seconds),
            .throttled_seconds = grown(before.throttled_seconds, after.throttled_seconds),
            .io_pressure_seconds = grown(before.io_pressure_seconds, after.io_pressure_seconds),
            .memory_pressure_seconds = grown(before.memory_pressure_seconds, after.memory_pressure_seconds)};
}

noise& noise::operator+=(noise const& more) {
    seconds += more.seconds;
    cpus = more.cpus;
    other_cpu_seconds += more.other_cpu_seconds;
    steal_seconds += more.steal_seconds;
    throttled_seconds = sum(throttled_seconds, more.throttled_seconds);
    io_pressure_seconds = sum(io_pressure_seconds, more.io_pressure_seconds);
    memory_pressure_seconds = sum(memory_pressure_seconds, more.memory_pressure_seconds);
    return *this;
}

bool noise::disturbs() const noexcept {
    constexpr double much = 0.05;
    constexpr double ticks = 0.05;  // five of the usual ones
    double const taken = other_cpu_seconds + steal_seconds;
    return taken > ticks && share(taken) > much;
}

double cpu_seconds_of_tree(pid_t process) {
    if (process <= 0) return 0;
    clockid_t clock{};
    timespec used{};
    if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return 0;
    double sum = in_seconds(used) + waited_for_seconds(process);
    for (pid_t const child : children_of(process))
        sum += cpu_seconds_of_tree(child);
    return sum;
}

}  // namespace quartet::measure
