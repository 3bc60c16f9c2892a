#include "measure/probes/worker_use.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <map>
#include <unistd.h>

namespace quartet::measure {
namespace {

using std::chrono::nanoseconds;
using time_point = std::chrono::steady_clock::time_point;

double share_of(nanoseconds part, nanoseconds whole) {
    return whole > nanoseconds(0) ? std::chrono::duration<double>(part) / std::chrono::duration<double>(whole)
                                  : 0;
}

/// How long at least one of the tasks was under way.
nanoseconds occupied(std::vector<task_record const*> tasks) {
    std::ranges::sort(tasks, {}, [](task_record const* each) { return each->started; });
    nanoseconds sum{0};
    time_point until{};
    for (auto const* each : tasks) {
        auto const from = std::max(until, each->started);
        if (*each->finished <= from) continue;
        sum += *each->finished - from;
        until = *each->finished;
    }
    return sum;
}

/// Calls that have not ended, or never began, have no row: what they have made is their parent's then. Gives
/// the place of each plus one, by its id.
std::map<std::size_t, std::uint64_t> add_nested(task_table& table, task_record const& of, time_point start,
                                                worker_numbers const& numbers) {
    auto const since_start = [start](time_point when) { return nanoseconds(when - start).count(); };
    std::map<std::size_t, std::uint64_t> places{{nested_record::by_task, 0}};  // as nested_parent
    for (auto const& each : of.nested) {
        auto const parent = places.find(each.parent);
        auto const known_parent = parent == places.end() ? 0 : parent->second;
        if (!each.started || !each.finished) {
            places.emplace(each.id, known_parent);
            continue;
        }
        if (each.end == nested_end::failed) table.nested_failed.push_back(table.nested_task.size());
        table.nested_task.push_back(table.index.size());
        table.nested_parent.push_back(known_parent);
        table.nested_worker.push_back(numbers.of(of.node, each.worker));
        table.nested_made.push_back(since_start(each.made));
        table.nested_started.push_back(since_start(*each.started));
        table.nested_finished.push_back(since_start(*each.finished));
        places.emplace(each.id, table.nested_task.size());
    }
    table.nested_seen += of.nested_made;
    return places;
}

}  // namespace

std::optional<thread_times> times_of_thread(pid_t process, pid_t thread) {
    std::ifstream file(fmt::format("/proc/{}/task/{}/schedstat", process, thread));
    std::int64_t on_cpu = 0;
    std::int64_t waiting = 0;
    if (!(file >> on_cpu >> waiting)) return std::nullopt;
    return thread_times{nanoseconds(on_cpu), nanoseconds(waiting)};
}

worker_numbers::worker_numbers(task_recorder const& recorder, std::vector<task_record> const& records) {
    auto const nodes = recorder.nodes();
    if (nodes.empty()) return;
    std::map<std::pair<std::size_t, std::size_t>, std::string> names;
    for (auto const& each : recorder.workers())
        names.insert_or_assign({each.node, each.number}, each.name);
    for (auto const& each : records) {  // of more workers than the recorder tells
        auto const [at, is_new] = names.try_emplace({each.node, each.worker});
        if (!is_new) continue;
        auto const node = each.node < nodes.size() ? nodes[each.node].name : std::to_string(each.node);
        bool const known = each.worker != task_record::unknown_worker;
        at->second = known ? fmt::format("{}/{}", node, each.worker) : fmt::format("{}, lost", node);
    }
    for (auto& [where, name] : names) {
        numbers_.emplace(where, names_.size());
        names_.push_back(std::move(name));
    }
}

std::size_t worker_numbers::of(std::size_t node, std::size_t number) const {
    auto const found = numbers_.find({node, number});
    return found == numbers_.end() ? number : found->second;
}

task_table table_of(std::vector<task_record> const& records, std::size_t tasks_seen, time_point start,
                    worker_numbers const& numbers) {
    task_table table{.worker_names = numbers.names()};
    table.tasks_seen = tasks_seen;
    auto const since_start = [start](time_point when) { return nanoseconds(when - start).count(); };
    table.waits_known = !records.empty() && std::ranges::all_of(records, &task_record::waits_known);
    for (auto const& each : records) {
        if (!each.finished) continue;
        auto const places = add_nested(table, each, start, numbers);
        for (auto const& wait : each.waits) {
            auto const within = places.find(wait.nested);
            table.wait_nested.push_back(within == places.end() ? 0 : within->second);
            table.wait_task.push_back(table.index.size());
            table.wait_began.push_back(since_start(wait.began));
            table.wait_ended.push_back(since_start(wait.ended));
        }
        if (each.failed) table.failed.push_back(table.index.size());
        table.call.push_back(each.call);
        table.index.push_back(each.index);
        table.worker.push_back(numbers.of(each.node, each.worker));
        table.queued.push_back(since_start(each.queued));
        table.started.push_back(since_start(each.started));
        table.finished.push_back(since_start(*each.finished));
    }
    return table;
}

std::vector<worker_use> use_of_workers(task_recorder const& recorder,
                                       thread_times const& this_thread_at_start, time_point start,
                                       time_point end, worker_numbers const& numbers) {
    auto const records = recorder.records();
    bool const complete = records.size() == recorder.tasks_seen();
    std::map<std::size_t, std::vector<task_record const*>> of_worker;
    for (auto const& each : records) {
        if (each.finished) of_worker[numbers.of(each.node, each.worker)].push_back(&each);
    }
    std::vector<worker_use> uses;
    for (auto const& each : recorder.workers()) {
        bool const is_here = each.node == 0;
        auto const times = is_here ? times_of_thread(each.process_id, each.thread_id) : std::nullopt;
        if (is_here && !times) continue;
        bool const is_this = each.thread_id == ::gettid();
        auto const number = numbers.of(each.node, each.number);
        auto const& tasks = of_worker[number];
        worker_use use{.worker = number, .tasks = tasks.size()};
        if (complete) use.occupied_share = share_of(occupied(tasks), end - start);
        if (!is_here) {
            uses.push_back(use);
            continue;
        }
        auto const before = is_this ? this_thread_at_start : thread_times{};
        use.cpu_share = share_of(times->on_cpu - before.on_cpu, end - start);
        use.wait_share = share_of(times->waiting - before.waiting, end - start);
        uses.push_back(use);
    }
    std::ranges::sort(uses, {}, &worker_use::worker);
    return uses;
}

}  // namespace quartet::measure
