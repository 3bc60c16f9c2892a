#include "cli/views/time_view.hpp"

#include "cli/terminal/figures.hpp"
#include "cli/terminal/text.hpp"
#include "cli/views/bars.hpp"
#include "cli/views/findings.hpp"
#include "measure/statistics/comparison.hpp"
#include "measure/statistics/ranking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

namespace quartet::cli {
namespace {

constexpr std::size_t cell_gap = 2;
constexpr std::size_t mark_size = 2;
constexpr std::size_t narrowest_name = 16;
constexpr std::size_t shortest_bar = 10;
constexpr std::size_t longest_bar = 40;

/// What a row shows, in the order of the columns.
enum time_cell {
    in_time,
    in_spread,
    in_ratio,
    in_user,
    in_system,
    in_memory,
    in_least,
    in_most,
    in_instructions,
    in_ipc,
    in_misses,
    time_cells
};

constexpr std::array<std::string_view, time_cells> cell_titles{
    "time", "", "ratio", "user", "system", "memory", "least", "most", "instr", "IPC", "misses"};

/// In which order columns get their room.
constexpr std::array room_goes_to{in_time,         in_spread, in_ratio,  in_user,  in_system, in_memory,
                                  in_instructions, in_ipc,    in_misses, in_least, in_most};

struct time_row {
    std::string_view mark{};
    std::string name{};
    std::array<std::string, time_cells> cells{};
    bar_value value{};
    bool best = false;
    bool failed = false;
};

/// "12.3M" of a count: thousands, not 1024.
std::string short_count(std::uint64_t count) {
    constexpr std::string_view units = " kMGT";
    auto number = static_cast<double>(count);
    std::size_t unit = 0;
    for (; number >= 1000 && unit + 1 < units.size(); ++unit)
        number /= 1000;
    if (unit == 0) return fmt::format("{}", count);
    return fmt::format("{:.{}f}{}", number, number < 10 ? 2 : number < 100 ? 1 : 0, units[unit]);
}

std::string times_text(double times) {
    return fmt::format("{:.{}f}", times, times < 10 ? 2 : times < 100 ? 1 : 0);
}

measure::measurement const* named(measure::results const& results, std::string const& name) {
    auto const found = std::ranges::find(results.measurements, name, &measure::measurement::spec);
    return found == results.measurements.end() ? nullptr : &*found;
}

/// How many times as long as the other it took; absent if one has no times.
std::optional<double> times_of(measure::measurement const& of, measure::measurement const* other) {
    if (!other || !(of.wall_seconds.median > 0) || !(other->wall_seconds.median > 0)) return std::nullopt;
    if (&of == other) return 1;
    auto const pairs = measure::in_same_rounds(of, *other);
    if (pairs.first.empty()) return of.wall_seconds.median / other->wall_seconds.median;
    return measure::compare_rounds(pairs.first, pairs.second).ratio;
}

void add_counters(time_row& to, measure::counter_figures const& from) {
    if (from.instructions) to.cells[in_instructions] = short_count(*from.instructions);
    if (from.instructions && from.cycles && *from.cycles > 0)
        to.cells[in_ipc] = fmt::format(
            "{:.2f}", static_cast<double>(*from.instructions) / static_cast<double>(*from.cycles));
    if (from.cache_misses) to.cells[in_misses] = short_count(*from.cache_misses);
}

time_row time_row_of(measure::measurement const& of, bool best, measure::measurement const* other,
                     bool utf8) {
    time_row made{.name = printable(of.spec)};
    made.failed = !measure::is_good(of);
    made.best = best && !made.failed;
    made.mark = made.failed ? "!" : made.best ? "*" : "";
    auto const& wall = of.wall_seconds;
    made.cells[in_time] = "failed";
    if (!(wall.median > 0)) return made;
    auto const seconds = [&](double of_time) { return format_seconds(of_time, utf8); };
    made.cells[in_time] = seconds(wall.median);
    if (wall.confidence > 0) {
        double const farther = 100 * std::max(wall.high - wall.median, wall.median - wall.low) / wall.median;
        made.cells[in_spread] =
            fmt::format("{}{:.{}f} %", utf8 ? "±" : "+-", farther, farther < 9.95 ? 1 : 0);
    }
    if (auto const times = times_of(of, other)) made.cells[in_ratio] = times_text(*times);
    made.cells[in_user] = seconds(of.cpu_user_seconds.value_or(0));
    made.cells[in_system] = seconds(of.cpu_system_seconds.value_or(0));
    if (of.tree_peak_bytes)
        made.cells[in_memory] = format_bytes_short(static_cast<double>(*of.tree_peak_bytes));
    auto const walls = measure::counted(of, &measure::trial_figures::wall_seconds);
    made.cells[in_least] = seconds(*std::ranges::min_element(walls));
    made.cells[in_most] = seconds(*std::ranges::max_element(walls));
    add_counters(made, of.counters);
    made.value = {wall.median, wall.low, wall.high};
    return made;
}

struct time_widths {
    std::size_t name = 0;
    std::size_t bar = 0;
    std::array<std::size_t, time_cells> widths{};  // 0: left out
};

/// Long names are cut before a figure is left out, and figures are left out before a line is too long.
time_widths fit_columns(std::vector<time_row> const& rows, std::size_t width, bool one_row,
                        results_style style) {
    time_widths made;
    std::array<std::size_t, time_cells> wanted{};
    std::size_t longest_name = 0;
    for (auto const& each : rows) {
        longest_name = std::max(longest_name, display_width(each.name));
        for (std::size_t cell = 0; cell < time_cells; ++cell)
            wanted[cell] = std::max(wanted[cell], display_width(each.cells[cell]));
    }
    if (one_row) wanted[in_ratio] = 0;  // nothing to compare with
    std::size_t const short_name = std::min(longest_name, narrowest_name);
    std::size_t taken = mark_size + short_name;
    for (auto const each : room_goes_to) {
        if (wanted[each] == 0) continue;
        std::size_t const room = cell_gap + std::max(wanted[each], display_width(cell_titles[each]));
        if (taken + room > width && each != in_time) continue;
        made.widths[each] = room - cell_gap;
        taken += room;
    }
    std::size_t const left = width - std::min(width, taken);
    made.name = short_name + std::min(longest_name - short_name, left);
    std::size_t const for_bar = left - (made.name - short_name);
    if (style == results_style::with_bars && for_bar >= cell_gap + shortest_bar)
        made.bar = std::min(for_bar - cell_gap, longest_bar);
    return made;
}

std::string cut_to(std::string text, std::size_t width, bool utf8) {
    if (display_width(text) <= width) return text;
    std::string_view const end = utf8 ? "…" : "..";
    std::size_t const kept = width - std::min(width, display_width(end));
    while (display_width(text) > kept) {
        while ((static_cast<unsigned char>(text.back()) & 0xc0) == 0x80)
            text.pop_back();  // of a character's bytes the last
        text.pop_back();
    }
    return text.append(end);
}

std::string title_of(time_widths const& by, terminal const& where) {
    std::string out(mark_size + by.name, ' ');
    for (std::size_t each = 0; each < time_cells; ++each) {
        if (by.widths[each] > 0)
            out += std::string(cell_gap, ' ') + pad_left(std::string(cell_titles[each]), by.widths[each]);
        if (each == in_spread && by.bar > 0) out += std::string(cell_gap + by.bar, ' ');
    }
    return where.faint(rstrip(out)) + '\n';
}

std::string text_of(time_row const& of, double longest, time_widths const& by, terminal const& where) {
    auto const dress = [&](std::string const& text) {
        return of.failed ? where.bad(text) : of.best ? where.good(text) : text;
    };
    auto out =
        dress(pad(std::string(of.mark), mark_size) + pad(cut_to(of.name, by.name, where.utf8), by.name) +
              std::string(cell_gap, ' ') + pad_left(of.cells[in_time], by.widths[in_time]));
    for (std::size_t each = in_spread; each < time_cells; ++each) {
        if (by.widths[each] > 0)
            out += std::string(cell_gap, ' ') + pad_left(of.cells[each], by.widths[each]);
        if (each != in_spread || by.bar == 0) continue;
        auto const drawn = bar(of.value, longest, by.bar, where.utf8);
        out += std::string(cell_gap, ' ') + dress(drawn) +
               std::string(by.bar - std::min(by.bar, display_width(drawn)), ' ');
    }
    return rstrip(std::move(out)) + '\n';
}

std::string legend_text(measure::results const& results, std::string const& reference, time_widths const& by,
                        terminal const& where) {
    std::size_t rounds = 0;
    double confidence = 0.95;
    bool shell = false;
    for (auto const& each : results.measurements) {
        rounds = std::max(rounds, measure::rounds_of(each));
        if (each.wall_seconds.median > 0) confidence = std::min(confidence, each.wall_seconds.confidence);
        shell = shell || each.shell_seconds;
    }
    auto text = fmt::format("time: median of {} round{}", rounds, rounds == 1 ? "" : "s");
    if (by.widths[in_spread] > 0)
        text += fmt::format(", {} the farther end of its {:.0f} % interval", where.utf8 ? "±" : "+-",
                            100 * confidence);
    if (results.measurements.size() > 1)
        text += "; * the best (several: which of them is best can't be told, or makes no difference)";
    if (by.widths[in_ratio] > 0)
        text += fmt::format("; ratio: to the time of {}",
                            reference.empty() ? "the fastest" : '\'' + printable(reference) + '\'');
    if (shell) text += "; the start of shells is taken off";
    if (by.widths[in_memory] > 0) text += "; memory: of all its processes, at the peak; K = 1024 bytes";
    if (by.widths[in_misses] > 0) text += "; misses: of the last cache";
    bool const counted = std::ranges::any_of(
        results.measurements, [](auto const& each) { return each.counters != measure::counter_figures(); });
    if (!counted) text += "; instructions and cache misses: this machine lets nobody count them";
    return where.faint(wrap(text, where.text_width())) + '\n';
}

}  // namespace

std::string format_times(measure::results const& results, std::string const& reference, terminal const& where,
                         results_style style) {
    auto const& all = results.measurements;
    if (all.empty()) return {};
    auto const order = measure::rank(results, all.front().workload);
    auto const* const other = !reference.empty() ? named(results, reference)
                              : order.empty()    ? nullptr
                                                 : order.front().what;
    std::vector<time_row> rows;
    double longest = 0;
    for (auto const& each : all) {
        bool const best = order.size() > 1 && std::ranges::any_of(order, [&](auto const& place) {
                              return place.what == &each && place.is_among_the_best();
                          });
        rows.push_back(time_row_of(each, best, other, where.utf8));
        longest = std::max(longest, each.wall_seconds.high);
    }
    auto const by = fit_columns(rows, where.width, rows.size() == 1, style);
    auto out = title_of(by, where);
    for (auto const& each : rows)
        out += text_of(each, longest, by, where);
    out += format_findings(results, all.front().workload, where) + '\n';
    return out + legend_text(results, reference, by, where) + format_conditions(results, where);
}

}  // namespace quartet::cli
