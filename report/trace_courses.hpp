// report/trace_courses.hpp
//
// What a trace shows: tasks, and the calls that their bodies made. Pure functions; any thread.
#pragma once

#include "measure/analysis/task_courses.hpp"
#include "measure/results/results.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quartet::report {

/// What a task or a call did, on one worker.
struct course {
    std::string name;  ///< "task 3", "call 1 of task 3"
    std::uint64_t worker;
    std::int64_t asked;  ///< when its call began; when the call was made
    measure::time_span whole;
    std::vector<measure::time_span> waits;  ///< ascending, none overlaps another
    bool failed;
    std::uint64_t task;                 ///< its index
    std::uint64_t of_call;              ///< of the workload's
    std::optional<std::size_t> parent;  ///< place among the courses of what made the call; none of a task
};

/// Those of the tasks in the order of the records, then those of the calls in theirs.
std::vector<course> courses_of(measure::task_table const& records);

/// As the details that a viewer shows.
nlohmann::ordered_json details_of(std::vector<course> const& all, course const& one);

}  // namespace quartet::report
