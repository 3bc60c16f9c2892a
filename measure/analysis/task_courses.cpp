#include "measure/analysis/task_courses.hpp"

#include <algorithm>
#include <cstddef>
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

}  // namespace

std::vector<std::vector<time_span>> waits_of_tasks(task_table const& records) {
    std::vector<std::vector<time_span>> waits(records.started.size());
    for (std::size_t i = 0; i < records.wait_task.size(); ++i)
        waits[records.wait_task[i]].push_back({records.wait_began[i], records.wait_ended[i]});
    for (auto& each : waits)
        each = united(std::move(each));
    return waits;
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
