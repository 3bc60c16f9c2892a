#include "measure/commands/counters.hpp"

#include <algorithm>
#include <cerrno>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace quartet::measure {
namespace {

constexpr std::array<std::uint64_t, 5> hardware_events{
    PERF_COUNT_HW_INSTRUCTIONS, PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_HW_CACHE_REFERENCES,
    PERF_COUNT_HW_CACHE_MISSES, PERF_COUNT_HW_BRANCH_MISSES};

int open_event(perf_event_attr& attributes) noexcept {
    return static_cast<int>(
        syscall(SYS_perf_event_open, &attributes, 0, -1, -1, std::uint64_t{PERF_FLAG_FD_CLOEXEC}));
}

std::optional<std::uint64_t> read_event(detail::descriptor const& event) noexcept {
    struct {
        std::uint64_t count, wanted, counted;
    } got{};
    if (event.get() < 0 || ::read(event.get(), &got, sizeof got) != sizeof got) return std::nullopt;
    return scaled_count(got.count, got.wanted, got.counted);
}

}  // namespace

int open_child_event(std::uint32_t type, std::uint64_t config) noexcept {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = type;
    attributes.config = config;
    attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    attributes.disabled = 1;        // here; the child's copy begins with its exec
    attributes.enable_on_exec = 1;  // so that nothing of this process is counted
    attributes.inherit = 1;
    attributes.exclude_hv = 1;
    int const whole = open_event(attributes);
    if (whole >= 0 || (errno != EACCES && errno != EPERM)) return whole;
    attributes.exclude_kernel = 1;  // what an unprivileged user may have, as a rule
    return open_event(attributes);
}

child_counters::child_counters() noexcept {
    for (std::size_t kind = 0; kind < kinds; ++kind) {
        events_[kind] = detail::descriptor(open_child_event(PERF_TYPE_HARDWARE, hardware_events[kind]));
        if (kind == 0 && events_[0].get() < 0) return;  // nor will there be the others
    }
}

counter_figures child_counters::read() const noexcept {
    return {.instructions = read_event(events_[0]),
            .cycles = read_event(events_[1]),
            .cache_references = read_event(events_[2]),
            .cache_misses = read_event(events_[3]),
            .branch_misses = read_event(events_[4])};
}

bool child_counters::any() const noexcept {
    return std::ranges::any_of(events_, [](auto const& each) { return each.get() >= 0; });
}

std::optional<std::uint64_t> scaled_count(std::uint64_t count, std::uint64_t wanted, std::uint64_t counted) {
    if (counted == 0) return std::nullopt;
    if (counted >= wanted) return count;
    return static_cast<std::uint64_t>(static_cast<double>(count) * static_cast<double>(wanted) /
                                      static_cast<double>(counted));
}

}  // namespace quartet::measure
