// measure/analysis/task_courses.hpp
//
// When tasks ran and when they waited, from their records: for timelines and traces. Pure functions; any
// thread.
#pragma once

#include "measure/results/results.hpp"

#include <cstdint>
#include <vector>

namespace quartet::measure {

/// From one time to another, in nanoseconds since the clock started.
struct time_span {
    std::int64_t from;
    std::int64_t to;
};

/// The waits of each task, by its row in the table, in ascending order. Waits that overlap, as those of
/// several parts of one body can, are joined. Those within calls that its body made are theirs.
std::vector<std::vector<time_span>> waits_of_tasks(task_table const& records);

/// The same of each such call, by its place in the columns of calls.
std::vector<std::vector<time_span>> waits_of_calls(task_table const& records);

/// Of each task with all its calls: for who does not draw those.
std::vector<std::vector<time_span>> waits_of_whole_tasks(task_table const& records);

/// The stretches between a task's waits; these are in ascending order and do not overlap.
std::vector<time_span> running_parts(time_span whole, std::vector<time_span> const& waits);

}  // namespace quartet::measure
