#include "report/trace_courses.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace quartet::report {
namespace {

void add_tasks(measure::task_table const& records, std::vector<course>& to) {
    auto waits = measure::waits_of_tasks(records);
    for (std::size_t row = 0; row < records.started.size(); ++row) {
        to.push_back({.name = fmt::format("task {}", records.index[row]),
                      .worker = records.worker[row],
                      .asked = records.queued[row],
                      .whole = {records.started[row], records.finished[row]},
                      .waits = std::move(waits[row]),
                      .failed = std::ranges::binary_search(records.failed, row),
                      .task = records.index[row],
                      .of_call = records.call[row],
                      .parent = std::nullopt});
    }
}

void add_calls(measure::task_table const& records, std::vector<course>& to) {
    std::size_t const tasks = to.size();
    auto waits = measure::waits_of_calls(records);
    std::vector<std::size_t> known(tasks, 0);  // of each task, so far
    for (std::size_t place = 0; place < records.nested_task.size(); ++place) {
        auto const task = static_cast<std::size_t>(records.nested_task[place]);
        auto const parent = static_cast<std::size_t>(records.nested_parent[place]);
        to.push_back({.name = fmt::format("call {} of task {}", known[task]++, records.index[task]),
                      .worker = records.nested_worker[place],
                      .asked = records.nested_made[place],
                      .whole = {records.nested_started[place], records.nested_finished[place]},
                      .waits = std::move(waits[place]),
                      .failed = std::ranges::binary_search(records.nested_failed, place),
                      .task = records.index[task],
                      .of_call = records.call[task],
                      .parent = parent == 0 ? task : tasks + parent - 1});
    }
}

double milliseconds(std::int64_t time) {
    return static_cast<double>(time) / 1e6;
}

}  // namespace

std::vector<course> courses_of(measure::task_table const& records) {
    std::vector<course> made;
    made.reserve(records.started.size() + records.nested_task.size());
    add_tasks(records, made);
    add_calls(records, made);
    return made;
}

nlohmann::ordered_json details_of(std::vector<course> const& all, course const& one) {
    nlohmann::ordered_json made{{"task", one.task}, {"call", one.of_call}};
    if (one.parent) made["made_by"] = all[*one.parent].name;
    made[one.parent ? "until_begun_ms" : "queued_ms"] = milliseconds(one.whole.from - one.asked);
    made["failed"] = one.failed;
    return made;
}

}  // namespace quartet::report
