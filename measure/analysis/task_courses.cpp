#include "measure/analysis/task_courses.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace quartet::measure {
namespace {

std::vector<time_span> united(std::vector<time_span> spans) {
    std::ranges::sort(spans, {}, &time_span::from);
    std::vector<time_span> made;
    for (auto const& each : spans) {
        if (!made.empty() && each.from <= made.back().to)
            made.back().to = std::max(made.back().to, each.to);
        else
            made.push_back(each);
    }
    return made;
}

/// Of `many` tasks or calls: `owner(i)` says which of them had wait i, if one.
std::vector<std::vector<time_span>> waits_by(task_table const& records, std::size_t many, auto const& owner) {
    std::vector<std::vector<time_span>> waits(many);
    for (std::size_t i = 0; i < records.wait_task.size(); ++i) {
        if (std::optional<std::uint64_t> const of = owner(i))
            waits[*of].push_back({records.wait_began[i], records.wait_ended[i]});
    }
    for (auto& each : waits)
        each = united(std::move(each));
    return waits;
}

/// As nested_parent.
std::uint64_t call_of_wait(task_table const& records, std::size_t wait) {
    return records.wait_nested.empty() ? 0 : records.wait_nested[wait];
}

}  // namespace

std::vector<std::vector<time_span>> waits_of_tasks(task_table const& records) {
    return waits_by(records, records.started.size(), [&](std::size_t wait) {
        return call_of_wait(records, wait) == 0 ? std::optional(records.wait_task[wait]) : std::nullopt;
    });
}

std::vector<std::vector<time_span>> waits_of_calls(task_table const& records) {
    return waits_by(records, records.nested_task.size(), [&](std::size_t wait) {
        auto const call = call_of_wait(records, wait);
        return call > 0 ? std::optional(call - 1) : std::nullopt;
    });
}

std::vector<std::vector<time_span>> waits_of_whole_tasks(task_table const& records) {
    return waits_by(records, records.started.size(),
                    [&](std::size_t wait) { return std::optional(records.wait_task[wait]); });
}

std::vector<time_span> running_parts(time_span whole, std::vector<time_span> const& waits) {
    std::vector<time_span> made;
    std::int64_t from = whole.from;
    for (auto const& wait : waits) {
        if (wait.from > from) made.push_back({from, wait.from});
        from = std::max(from, wait.to);
    }
    if (whole.to > from) made.push_back({from, whole.to});
    return made;
}

}  // namespace quartet::measure
