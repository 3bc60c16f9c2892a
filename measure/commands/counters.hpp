// measure/commands/counters.hpp
//
// What the processor counts while a command runs, by perf_event_open(2): of the command and of all that it
// starts, from its exec on. A virtual machine often has no such counters, and the kernel may forbid them.
#pragma once

#include "measure/results/results.hpp"
#include "src/base/descriptor.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace quartet::measure {

/// Counts in the children that the calling thread starts while this object lives. Make a new one for each
/// command. Some ten system calls; no errors: what can't be counted is absent.
class child_counters {
public:
    child_counters() noexcept;

    /// So far; after the command has ended, all of it. Where there are more counters than the processor has
    /// at the same time, the kernel took turns, and the counts are scaled to the whole time.
    counter_figures read() const noexcept;

    /// Whether this thread may count anything at all.
    bool any() const noexcept;

private:
    static constexpr std::size_t kinds = 5;
    std::array<detail::descriptor, kinds> events_;
};

/// What one event was counted to, as the kernel gives it: the count, and how long the event was wanted and
/// was on the processor, in nanoseconds. Absent if it never was. Pure.
std::optional<std::uint64_t> scaled_count(std::uint64_t count, std::uint64_t wanted, std::uint64_t counted);

/// An event for children of this thread, as above. -1 with errno if there is none. For tests: of software
/// events every machine has some.
int open_child_event(std::uint32_t type, std::uint64_t config) noexcept;

}  // namespace quartet::measure
