// measure/analysis/task_courses.hpp
//
// What tasks did between their start and their end, out of their records: for whatever draws it. Pure
// functions; any thread.
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

/// The waits of each task, by its place in the table: ascending, and none over another, as those of the parts
/// of one body may be.
std::vector<std::vector<time_span>> waits_of_tasks(task_table const& records);

/// What lies between a task's waits, which are ascending and apart.
std::vector<time_span> running_parts(time_span whole, std::vector<time_span> const& waits);

}  // namespace quartet::measure
