#include "report/trace.hpp"

#include "measure/analysis/task_courses.hpp"
#include "measure/results/plain_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace quartet::report {
namespace {

using json = nlohmann::ordered_json;
using measure::measurement;
using measure::time_span;
using nanoseconds = std::int64_t;

struct recorded_task {
    std::size_t row;
    nanoseconds queued;
    time_span whole;
    std::vector<time_span> waits{};  // ascending, none overlaps another
    bool failed = false;
};

/// In microseconds, as the format wants it, with three decimals for the nanoseconds.
double written(nanoseconds time) {
    return static_cast<double>(time) / 1e3;
}

std::map<std::uint64_t, std::vector<recorded_task>> tasks_by_worker(measure::task_table const& records) {
    auto waits = measure::waits_of_tasks(records);
    std::map<std::uint64_t, std::vector<recorded_task>> made;
    for (std::size_t row = 0; row < records.started.size(); ++row) {
        made[records.worker[row]].push_back({.row = row,
                                             .queued = records.queued[row],
                                             .whole = {records.started[row], records.finished[row]},
                                             .waits = std::move(waits[row])});
    }
    for (auto& [worker, tasks] : made) {
        for (auto& each : tasks)
            each.failed = std::ranges::binary_search(records.failed, each.row);
        std::ranges::sort(tasks, {}, [](recorded_task const& each) { return each.whole.from; });
    }
    return made;
}

bool overlap(std::vector<recorded_task> const& tasks) {
    return std::ranges::adjacent_find(tasks, [](recorded_task const& one, recorded_task const& next) {
               return next.whole.from < one.whole.to;
           }) != tasks.end();
}

class trace_writer {
public:
    void measurement_begins(measurement const& of) {
        ++process_;
        name("process_name", 0, of.workload + " " + of.spec);
        add({{"ph", "M"}, {"name", "process_sort_index"}, {"args", {{"sort_index", process_}}}}, 0);
    }

    void track_of(std::uint64_t worker, std::string const& its_name) {
        name("thread_name", worker + 1, its_name);
        add({{"ph", "M"}, {"name", "thread_sort_index"}, {"args", {{"sort_index", worker}}}}, worker + 1);
    }

    void slice(std::uint64_t worker, std::string const& what, time_span when, json args = json::object()) {
        json event{{"ph", "X"}, {"name", what}, {"cat", "task"}, {"ts", written(when.from)}};
        event["dur"] = written(when.to - when.from);
        if (!args.empty()) event["args"] = std::move(args);
        add(std::move(event), worker + 1);
    }

    /// Events with the same name share a track, even where they overlap.
    void begin_async(std::string const& track, std::size_t id, nanoseconds when, json args) {
        add({{"ph", "b"},
             {"name", track},
             {"cat", "task"},
             {"id", global(id)},
             {"ts", written(when)},
             {"args", std::move(args)}},
            0);
    }
    void end_async(std::string const& track, std::size_t id, nanoseconds when) {
        add({{"ph", "e"}, {"name", track}, {"cat", "task"}, {"id", global(id)}, {"ts", written(when)}}, 0);
    }

    void counter(std::string const& what, nanoseconds when, double value) {
        add({{"ph", "C"}, {"name", what}, {"ts", written(when)}, {"args", {{"value", value}}}}, 0);
    }

    std::string take() {
        return "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n" + std::exchange(text_, {}) + "\n]}\n";
    }

private:
    /// Different in all processes of the trace. (Ids that are local to a process, `id2`, are not known to
    /// older viewers.)
    std::string global(std::size_t id) const { return fmt::format("{:#x}", (process_ << 32) | id); }

    void name(std::string_view kind, std::uint64_t thread, std::string const& of) {
        add({{"ph", "M"}, {"name", kind}, {"args", {{"name", of}}}}, thread);
    }

    void add(json event, std::uint64_t thread) {
        event["pid"] = process_;
        event["tid"] = thread;
        if (!text_.empty()) text_ += ",\n";
        text_ += event.dump(-1, ' ', false, json::error_handler_t::replace);
    }

    std::string text_;
    std::uint64_t process_ = 0;
};

std::string worker_name(measurement const& of, std::uint64_t worker) {
    if (worker < of.records.worker_names.size()) return of.records.worker_names[worker];
    if (of.model == "single") return "single";
    bool const loops = of.spec.find("async") != std::string::npos;
    if (of.model == "async") return fmt::format("loop {}", worker);
    return fmt::format("{} {}{}", of.model == "processes" ? "process" : "thread", worker,
                       loops ? ", a loop" : "");
}

void write_worker(trace_writer& out, measurement const& of, std::uint64_t worker,
                  std::vector<recorded_task> const& tasks) {
    auto const track = worker_name(of, worker);
    out.track_of(worker, track);
    bool const overlapping = overlap(tasks);
    nanoseconds free_from = 0;  // of the track
    for (auto const& each : tasks) {
        auto const index = of.records.index[each.row];
        auto const name = fmt::format("task {}", index);
        json const args{{"task", index},
                        {"call", of.records.call[each.row]},
                        {"queued_ms", static_cast<double>(each.whole.from - each.queued) / 1e6},
                        {"failed", each.failed}};
        if (!overlapping) {
            out.slice(worker, name, each.whole, args);
            for (auto const& wait : each.waits)
                out.slice(worker, "waits", wait);
            continue;
        }
        out.begin_async("tasks of " + track, each.row, each.whole.from, args);
        out.end_async("tasks of " + track, each.row, each.whole.to);
    }
    if (!overlapping || !of.records.waits_known) return;
    std::vector<std::pair<time_span, std::uint64_t>> parts;
    for (auto const& each : tasks) {
        for (auto const& part : measure::running_parts(each.whole, each.waits))
            parts.emplace_back(part, of.records.index[each.row]);
    }
    std::ranges::sort(parts, {}, [](auto const& each) { return each.first.from; });
    for (auto const& [part, index] : parts) {
        // Parts of one body that the loop switched between would overlap.
        time_span const fitting{std::max(part.from, free_from), part.to};
        if (fitting.to <= fitting.from) continue;
        out.slice(worker, fmt::format("task {}", index), fitting);
        free_from = fitting.to;
    }
}

void write_counters(trace_writer& out, measurement const& of) {
    std::vector<std::pair<nanoseconds, int>> changes;
    for (nanoseconds const each : of.records.started)
        changes.emplace_back(each, 1);
    for (nanoseconds const each : of.records.finished)
        changes.emplace_back(each, -1);
    std::ranges::sort(changes);
    int running = 0;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        running += changes[i].second;
        bool const last_of_its_time = i + 1 == changes.size() || changes[i + 1].first != changes[i].first;
        if (last_of_its_time) out.counter("tasks under way", changes[i].first, running);
    }
    for (std::size_t i = 0; i < of.usage.seconds.size(); ++i) {
        auto const at = static_cast<nanoseconds>(of.usage.seconds[i] * 1e9);
        out.counter("memory in bytes", at, static_cast<double>(of.usage.memory_bytes[i]));
    }
}

}  // namespace

std::string to_trace(measure::results const& results) {
    trace_writer out;
    for (auto const& each : results.measurements) {
        out.measurement_begins(each);
        for (auto const& [worker, tasks] : tasks_by_worker(each.records))
            write_worker(out, each, worker, tasks);
        write_counters(out, each);
    }
    return measure::with_plain_texts(out.take());
}

}  // namespace quartet::report
