#include "cli/views/timeline_view.hpp"

#include "cli/terminal/figures.hpp"
#include "cli/terminal/text.hpp"
#include "measure/analysis/task_courses.hpp"
#include "measure/statistics/ranking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace quartet::cli {
namespace {

using measure::measurement;

constexpr std::size_t most_rows = 40;
constexpr std::size_t margin = 2;

enum class doing { nothing, queued, running, waiting };

struct stretch {
    std::int64_t from;
    std::int64_t to;
    doing what;
};

/// A row: what one task did.
struct task_row {
    std::uint64_t call;
    std::uint64_t index;
    bool failed = false;
    std::vector<stretch> course{};
};

std::vector<task_row> rows_of(measure::task_table const& records) {
    std::int64_t const origin = *std::ranges::min_element(records.queued);
    auto const waits = measure::waits_of_whole_tasks(records);
    std::vector<task_row> rows;
    for (std::size_t i = 0; i < records.started.size(); ++i) {
        task_row row{.call = records.call[i],
                     .index = records.index[i],
                     .failed = std::ranges::binary_search(records.failed, i)};
        auto const add = [&](measure::time_span part, doing what) {
            row.course.push_back({part.from - origin, part.to - origin, what});
        };
        add({records.queued[i], records.started[i]}, doing::queued);
        for (auto const& part : measure::running_parts({records.started[i], records.finished[i]}, waits[i]))
            add(part, doing::running);
        for (auto const& wait : waits[i])
            add(wait, doing::waiting);
        rows.push_back(std::move(row));
    }
    std::ranges::sort(rows, [](task_row const& a, task_row const& b) {
        return std::tie(a.call, a.index) < std::tie(b.call, b.index);
    });
    std::size_t const stride = (rows.size() + most_rows - 1) / most_rows;
    for (std::size_t i = 0; stride > 1 && i * stride < rows.size(); ++i)
        rows[i] = rows[i * stride];
    if (stride > 1) rows.resize((rows.size() + stride - 1) / stride);
    return rows;
}

/// What took most of the time of a column; anything rather than nothing.
doing most_of(std::vector<stretch> const& course, double from, double to) {
    std::array<double, 4> lengths{};
    for (auto const& each : course) {
        double const part =
            std::min(to, static_cast<double>(each.to)) - std::max(from, static_cast<double>(each.from));
        if (part > 0) lengths[static_cast<std::size_t>(each.what)] += part;
    }
    auto const longest = std::ranges::max_element(lengths.begin() + 1, lengths.end());
    return *longest > 0 ? static_cast<doing>(longest - lengths.begin()) : doing::nothing;
}

std::string_view sign_of(doing what, bool utf8) {
    constexpr std::array<std::string_view, 4> blocks{" ", "·", "█", "░"};
    constexpr std::array<std::string_view, 4> plain{" ", ".", "#", "-"};
    return (utf8 ? blocks : plain)[static_cast<std::size_t>(what)];
}

/// Since the first task was queued, in nanoseconds.
struct time_axis {
    std::int64_t length;
    std::size_t width;

    double at(std::size_t column) const {
        return static_cast<double>(length) * static_cast<double>(column) / static_cast<double>(width);
    }
};

std::string line_of(task_row const& row, time_axis const& axis, bool utf8) {
    std::string line;
    for (std::size_t column = 0; column < axis.width; ++column)
        line += sign_of(most_of(row.course, axis.at(column), axis.at(column + 1)), utf8);
    return rstrip(std::move(line));
}

/// 1, 2 or 5 times a power of ten, so that some six of them fill the time.
double tick_for(double seconds) {
    double const wanted = seconds / 6;
    double const power = std::pow(10, std::floor(std::log10(wanted)));
    for (double const step : {1., 2., 5.}) {
        if (step * power >= wanted) return step * power;
    }
    return 10 * power;
}

std::string axis_line(time_axis const& axis, terminal const& where) {
    double const seconds = static_cast<double>(axis.length) * 1e-9;
    double const step = tick_for(seconds);
    std::string line;
    for (int tick = 0; tick * step <= seconds; ++tick) {
        auto const column =
            static_cast<std::size_t>(std::lround(tick * step / seconds * static_cast<double>(axis.width)));
        auto const text = (where.utf8 ? "╵" : "|") + format_seconds(tick * step, where.utf8);
        if (column + display_width(text) > axis.width || column < display_width(line)) continue;
        line = pad(std::move(line), column);
        line += text;
    }
    return std::string(margin, ' ') + where.faint(line) + '\n';
}

/// From the first task's queueing to the end of the last.
std::int64_t length_of(measure::task_table const& records) {
    if (records.started.empty()) return 0;
    return *std::ranges::max_element(records.finished) - *std::ranges::min_element(records.queued);
}

std::string heading_of(measurement const& of, std::size_t rows, terminal const& where) {
    auto const tasks = of.records.tasks_seen;
    auto text = fmt::format("  {} task{}, done after {}", tasks, tasks == 1 ? "" : "s",
                            format_seconds(static_cast<double>(length_of(of.records)) * 1e-9, where.utf8));
    if (rows < tasks) text += fmt::format("; {} of them are shown", rows);
    return where.bold(printable(of.spec)) + where.faint(text) + '\n';
}

std::string panel_of(measurement const& of, time_axis const& axis, terminal const& where) {
    auto const rows = rows_of(of.records);
    auto out = heading_of(of, rows.size(), where);
    for (auto const& each : rows) {
        auto const line = line_of(each, axis, where.utf8);
        out += std::string(margin, ' ') + (each.failed ? where.bad(line) : line) + '\n';
    }
    return out;
}

std::string legend(bool waits_known, terminal const& where) {
    auto const named = [&](doing what, std::string_view name) {
        return fmt::format("{} {}", sign_of(what, where.utf8), name);
    };
    auto text = fmt::format("a row for each task: {}, {}", named(doing::queued, "queued"),
                            named(doing::running, waits_known ? "running" : "running or waiting"));
    if (waits_known) text += ", " + named(doing::waiting, "waiting");
    return where.faint(wrap(text, where.text_width())) + '\n';
}

}  // namespace

std::string format_timelines(measure::results const& results, terminal const& where) {
    std::string out;
    bool waits_known = true;
    for (auto const& workload : measure::workloads_of(results)) {
        std::string panels;
        time_axis axis{.length = 0, .width = std::max<std::size_t>(20, where.width - 2 * margin)};
        for (auto const& each : results.measurements) {
            if (each.workload == workload) axis.length = std::max(axis.length, length_of(each.records));
        }
        if (axis.length <= 0) continue;
        for (auto const& each : results.measurements) {
            if (each.workload != workload || each.records.started.empty()) continue;
            panels += panel_of(each, axis, where);
            waits_known = waits_known && each.records.waits_known;
        }
        out += where.bold(printable(workload)) + '\n' + panels + axis_line(axis, where) + '\n';
    }
    return out.empty() ? out : out + legend(waits_known, where);
}

}  // namespace quartet::cli
