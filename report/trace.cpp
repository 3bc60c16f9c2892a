#include "report/trace.hpp"

#include "measure/analysis/task_courses.hpp"
#include "measure/results/plain_text.hpp"
#include "report/trace_courses.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
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

/// In microseconds, as the format wants it, with three decimals for the nanoseconds.
double written(nanoseconds time) {
    return static_cast<double>(time) / 1e3;
}

/// Whether tasks overlap, as those on an event loop do.
bool overlap(std::vector<course const*> const& courses) {
    nanoseconds until = std::numeric_limits<nanoseconds>::min();
    for (auto const* each : courses) {
        if (each->parent) continue;
        if (each->whole.from < until) return true;
        until = each->whole.to;
    }
    return false;
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

    /// An arrow from the slice of one track that holds `from` to that of another that holds `to`.
    void arrow(std::size_t id, std::uint64_t worker, nanoseconds from, std::uint64_t other, nanoseconds to) {
        json const both{{"name", "makes"}, {"cat", "call"}, {"id", global(id)}};
        json begin{{"ph", "s"}};
        json end{{"ph", "f"}, {"bp", "e"}};
        begin.update(both);
        end.update(both);
        begin["ts"] = written(from);
        end["ts"] = written(to);
        add(std::move(begin), worker + 1);
        add(std::move(end), other + 1);
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

/// What a track shows of a course, or of a wait within one.
struct slice {
    time_span when;
    std::size_t place;  // of the course
    bool waits = false;
};

/// Draws one measurement's workers.
class tracks {
public:
    tracks(trace_writer& out, measurement const& of)
        : out_(out), of_(of), all_(courses_of(of.records)), shown_(all_.size()) {}

    void write() {
        std::map<std::uint64_t, std::vector<course const*>> by_worker;
        for (auto const& each : all_)
            by_worker[each.worker].push_back(&each);
        for (auto& [worker, courses] : by_worker) {
            std::ranges::stable_sort(courses, {}, [](course const* each) { return each->whole.from; });
            write_worker(worker, courses);
        }
        write_arrows();
    }

private:
    std::size_t place_of(course const& which) const { return static_cast<std::size_t>(&which - all_.data()); }

    void write_worker(std::uint64_t worker, std::vector<course const*> const& courses) {
        auto const track = worker_name(of_, worker);
        out_.track_of(worker, track);
        bool const any_calls =
            std::ranges::any_of(courses, [](course const* each) { return each->parent.has_value(); });
        bool const on_loop = of_.spec.find("async") != std::string::npos;
        if (!overlap(courses) && !(any_calls && on_loop)) return write_nested(worker, courses);
        for (auto const* each : courses) {
            auto const name = (each->parent ? "calls of " : "tasks of ") + track;
            out_.begin_async(name, place_of(*each), each->whole.from, details_of(all_, *each));
            out_.end_async(name, place_of(*each), each->whole.to);
        }
        if (of_.records.waits_known) write_parts(worker, courses);
    }

    /// One within another, as on the stack of a thread.
    void write_nested(std::uint64_t worker, std::vector<course const*> const& courses) {
        std::vector<slice> slices;
        for (auto const* each : courses) {
            slices.push_back({each->whole, place_of(*each)});
            for (auto const& wait : each->waits)
                slices.push_back({wait, place_of(*each), true});
        }
        std::ranges::stable_sort(slices, [](slice const& one, slice const& other) {
            return std::pair(one.when.from, -one.when.to) < std::pair(other.when.from, -other.when.to);
        });
        std::vector<nanoseconds> ends;  // of those that are open
        for (auto each : slices) {
            while (!ends.empty() && ends.back() <= each.when.from)
                ends.pop_back();
            if (!ends.empty()) each.when.to = std::min(each.when.to, ends.back());
            each.when.to = std::max(each.when.to, each.when.from);  // whatever a file says
            ends.push_back(each.when.to);
            if (each.waits)
                out_.slice(worker, "waits", each.when);
            else
                show(worker, each.place, each.when, details_of(all_, all_[each.place]));
        }
    }

    /// What ran between waits, one after another. Parts of one body that the loop switched between would
    /// overlap.
    void write_parts(std::uint64_t worker, std::vector<course const*> const& courses) {
        std::vector<slice> parts;
        for (auto const* each : courses) {
            for (auto const& part : measure::running_parts(each->whole, each->waits))
                parts.push_back({part, place_of(*each)});
        }
        std::ranges::stable_sort(parts, {}, [](slice const& each) { return each.when.from; });
        nanoseconds free_from = 0;
        for (auto const& part : parts) {
            time_span const fitting{std::max(part.when.from, free_from), part.when.to};
            if (fitting.to <= fitting.from) continue;
            course const& of = all_[part.place];
            show(worker, part.place, fitting, of.parent ? details_of(all_, of) : json::object());
            free_from = fitting.to;
        }
    }

    void show(std::uint64_t worker, std::size_t place, time_span when, json args) {
        out_.slice(worker, all_[place].name, when, std::move(args));
        shown_[place].push_back(when);
    }

    /// From what made a call to where it began, if both are shown.
    void write_arrows() {
        for (auto const& each : all_) {
            if (!each.parent || shown_[place_of(each)].empty()) continue;
            auto const holds = [&](time_span when) {
                return when.from <= each.asked && each.asked <= when.to;
            };
            if (std::ranges::none_of(shown_[*each.parent], holds)) continue;
            out_.arrow(place_of(each), all_[*each.parent].worker, each.asked, each.worker,
                       shown_[place_of(each)].front().from);
        }
    }

    trace_writer& out_;
    measurement const& of_;
    std::vector<course> all_;
    std::vector<std::vector<time_span>> shown_;  // of each course
};

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
        tracks(out, each).write();
        write_counters(out, each);
    }
    return measure::with_plain_texts(out.take());
}

}  // namespace quartet::report
