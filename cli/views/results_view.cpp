#include "cli/views/results_view.hpp"

#include "cli/terminal/figures.hpp"
#include "cli/terminal/text.hpp"
#include "cli/views/bars.hpp"
#include "cli/views/findings.hpp"
#include "measure/statistics/ranking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <vector>

namespace quartet::cli {
namespace {

using measure::measurement;

/// A line of a block, cell by cell.
struct line {
    std::string_view mark{};  ///< "*" among the best, "!" not to be trusted
    std::string spec{};
    std::string time{};
    std::string spread{};
    std::string cpu{};
    std::string heap{};
    std::string memory{};
    bar_value value{};
    bool best = false;
    bool failed = false;
    bool aside = false;  ///< a part of the line above
};

struct block {
    std::string name;
    std::uint64_t tasks = 0;
    std::vector<line> lines{};
    double longest = 0;
};

/// How far the interval's farther end is from the median: "±1.2 %".
std::string spread_of(measure::sampled const& wall, bool utf8) {
    double const farther = std::max(wall.high - wall.median, wall.median - wall.low) / wall.median;
    double const percent = 100 * farther;
    return fmt::format("{}{:.{}f} %", utf8 ? "±" : "+-", percent, percent < 9.95 ? 1 : 0);
}

line line_of(measurement const& of, bool best, bool utf8) {
    auto const bytes = [](auto const& figure) {
        return figure ? format_bytes_short(static_cast<double>(*figure)) : std::string("-");
    };
    line made{.mark = "", .spec = printable(of.spec)};
    made.failed = !measure::is_good(of);
    made.best = best && !made.failed;
    made.mark = made.failed ? "!" : made.best ? "*" : "";
    made.time = "failed";
    if (!(of.wall_seconds.median > 0)) return made;
    made.time = format_seconds(of.wall_seconds.median, utf8);
    if (of.wall_seconds.confidence > 0) made.spread = spread_of(of.wall_seconds, utf8);
    made.cpu = format_seconds(cpu_seconds_of(of), utf8);
    made.heap = bytes(of.heap_peak_bytes);
    made.memory = bytes(of.tree_peak_bytes);
    made.value = {of.wall_seconds.median, of.wall_seconds.low, of.wall_seconds.high};
    return made;
}

/// A line for each node of a cluster, or for as many as can be looked at.
std::vector<line> node_lines(measurement const& of, bool utf8) {
    constexpr std::size_t most = 16;
    std::vector<line> made;
    for (auto const& each : of.nodes) {
        if (made.size() == most) {
            made.push_back({.spec = fmt::format("  and {} more", of.nodes.size() - most), .aside = true});
            break;
        }
        bool const told = each.cpu_user_seconds && each.tree_peak_bytes;
        line one{.spec = "  " + printable(each.name), .aside = true};
        one.cpu =
            told ? format_seconds(*each.cpu_user_seconds + each.cpu_system_seconds.value_or(0), utf8) : "-";
        one.memory = told ? format_bytes_short(static_cast<double>(*each.tree_peak_bytes)) : "-";
        made.push_back(std::move(one));
    }
    return made;
}

block block_of(measure::results const& results, std::string const& workload, bool utf8) {
    block made{.name = printable(workload)};
    auto const order = measure::rank(results, workload);
    for (auto const& each : results.measurements) {
        if (each.workload != workload) continue;
        bool const best = std::ranges::any_of(order, [&](measure::placing const& place) {
            return place.what == &each && place.is_among_the_best();
        });
        made.lines.push_back(line_of(each, best && order.size() > 1, utf8));
        for (auto& node : node_lines(each, utf8))
            made.lines.push_back(std::move(node));
        made.tasks = std::max(made.tasks, each.tasks);
        made.longest = std::max(made.longest, each.wall_seconds.high);
    }
    return made;
}

/// A column of figures: where they are in a line, and what stands above them.
struct figure {
    std::string line::*cell;
    std::string_view title;
    std::size_t width = 0;
};

/// What a line consists of, with the widths that all blocks share. A width of 0 leaves a column out.
struct block_layout {
    std::size_t spec = 0;
    figure time{&line::time, "time"};
    figure spread{&line::spread, ""};
    std::size_t bar = 0;
    std::array<figure, 3> after{{{&line::cpu, "CPU"}, {&line::heap, "heap"}, {&line::memory, "memory"}}};
};

constexpr std::size_t between = 2;
constexpr std::size_t mark_width = 2;

void widen(figure& of, std::vector<block> const& blocks) {
    of.width = display_width(of.title);
    for (auto const& each : blocks) {
        for (auto const& one : each.lines)
            of.width = std::max(of.width, display_width(one.*of.cell));
    }
}

/// Leaves out what there is no room for.
block_layout lay_out(std::vector<block> const& blocks, std::size_t width, results_style style) {
    constexpr std::size_t narrowest_bar = 10;
    constexpr std::size_t widest_bar = 60;
    block_layout made;
    for (auto const& each : blocks) {
        for (auto const& one : each.lines)
            made.spec = std::max(made.spec, display_width(one.spec));
    }
    widen(made.time, blocks);
    widen(made.spread, blocks);
    for (auto& each : made.after)
        widen(each, blocks);
    auto const taken = [&] {
        std::size_t sum = mark_width + made.spec + between + made.time.width;
        for (auto const* each : {&made.spread, &made.after[0], &made.after[1], &made.after[2]})
            sum += each->width > 0 ? between + each->width : 0;
        return sum;
    };
    std::size_t const least_for_bar = style == results_style::with_bars ? between + narrowest_bar : 0;
    for (figure* const dispensable : {&made.after[0], &made.after[1], &made.after[2], &made.spread}) {
        if (taken() + least_for_bar <= width) break;
        dispensable->width = 0;
    }
    if (style == results_style::plain) return made;
    std::size_t const room = width - std::min(width, taken() + between);
    made.bar = room < narrowest_bar ? 0 : std::min(room, widest_bar);
    return made;
}

std::string cell_in(figure const& of, std::string const& text) {
    return of.width > 0 ? std::string(between, ' ') + pad_left(text, of.width) : "";
}

std::string title_line(block_layout const& sizes, terminal const& where) {
    std::string out(mark_width + sizes.spec, ' ');
    out += cell_in(sizes.time, std::string(sizes.time.title)) + cell_in(sizes.spread, "");
    if (sizes.bar > 0) out += std::string(between + sizes.bar, ' ');
    for (auto const& each : sizes.after)
        out += cell_in(each, std::string(each.title));
    return where.faint(rstrip(out)) + '\n';
}

std::string dressed(line const& of, std::string const& text, terminal const& where) {
    if (of.aside) return where.faint(text);
    return of.failed ? where.bad(text) : of.best ? where.good(text) : text;
}

std::string text_of(line const& of, double longest, block_layout const& sizes, terminal const& where) {
    auto const& [spec, time, spread, bar_width, after] = sizes;
    auto out =
        dressed(of, pad(std::string(of.mark), mark_width) + pad(of.spec, spec) + cell_in(time, of.time),
                where) +
        cell_in(spread, of.spread);
    if (bar_width > 0) {
        auto const drawn = of.aside ? std::string() : bar(of.value, longest, bar_width, where.utf8);
        out += std::string(between, ' ') + dressed(of, drawn, where) +
               std::string(bar_width - std::min(bar_width, display_width(drawn)), ' ');
    }
    std::string figures;
    for (auto const& each : after)
        figures += cell_in(each, of.*each.cell);
    figures = rstrip(std::move(figures));
    return rstrip(out + (of.aside ? where.faint(figures) : figures)) + '\n';
}

std::string heading_of(block const& of, terminal const& where) {
    return where.bold(of.name) + where.faint(fmt::format("  {} task{}", of.tasks, of.tasks == 1 ? "" : "s")) +
           '\n';
}

/// 0.95, or what so few rounds allow.
double least_confidence(measure::results const& results) {
    double least = 0.95;
    for (auto const& each : results.measurements) {
        if (each.wall_seconds.median > 0) least = std::min(least, each.wall_seconds.confidence);
    }
    return least;
}

/// "median of 7 rounds", "median of 7 to 11 rounds" where workloads were measured until they were precise
/// enough.
std::string rounds_text(measure::results const& results) {
    std::size_t least = 0;
    std::size_t most = 0;
    for (auto const& each : results.measurements) {
        std::size_t const rounds = rounds_of(each);
        if (rounds == 0) continue;
        least = least == 0 ? rounds : std::min(least, rounds);
        most = std::max(most, rounds);
    }
    if (least == most) return fmt::format("median of {} round{}", most, most == 1 ? "" : "s");
    return fmt::format("median of {} to {} rounds", least, most);
}

/// How the memory of the process trees was measured: "pss", or "pss+hwm, rss" where it was not always the
/// same.
std::string methods_of(measure::results const& results) {
    std::vector<std::string> methods;
    for (auto const& each : results.measurements) {
        if (each.tree_peak_method && std::ranges::find(methods, *each.tree_peak_method) == methods.end())
            methods.push_back(*each.tree_peak_method);
    }
    return methods.empty() ? "not measured" : fmt::format("{}", fmt::join(methods, ", "));
}

/// What the lines of nodes are, and what is in none of them; empty if there are none.
std::string legend_of_nodes(measure::results const& results, bool utf8) {
    double mpi_seconds = 0;
    double clock_error = 0;
    bool some = false;
    for (auto const& each : results.measurements) {
        double of_all = 0;
        for (auto const& node : each.nodes) {
            of_all += node.mpi_cpu_seconds.value_or(0);
            clock_error = std::max(clock_error, node.clock_error_seconds.value_or(0));
        }
        mpi_seconds = std::max(mpi_seconds, of_all);
        some = some || !each.nodes.empty();
    }
    if (!some) return "";
    std::string text =
        "; of a cluster: CPU and memory of all nodes, with a line for each; heap: of the first";
    if (mpi_seconds > 0)
        text += fmt::format("; processes that talk MPI took {} besides, at the most",
                            format_seconds(mpi_seconds, utf8));
    if (clock_error > 0)
        text += fmt::format("; clocks of nodes agree to {}{}", utf8 ? "±" : "+-",
                            format_seconds(clock_error, utf8));
    return text;
}

std::string legend_of(measure::results const& results, block_layout const& sizes, terminal const& where) {
    auto text = "time: " + rounds_text(results);
    if (sizes.spread.width > 0 && least_confidence(results) > 0)
        text += fmt::format(", {} the farther end of its {:.0f} % interval", where.utf8 ? "±" : "+-",
                            100 * least_confidence(results));
    text += "; * the best (several: which of them is best can't be told, or makes no difference)";
    if (sizes.after[0].width > 0) text += "; CPU: processor time of all processes";
    if (sizes.after[1].width > 0) text += "; heap: traced, at its peak";
    if (sizes.after[2].width > 0)
        text += fmt::format("; memory: of the whole process tree ({}), at its peak; K = 1024 bytes",
                            methods_of(results));
    text += legend_of_nodes(results, where.utf8);
    return where.faint(wrap(text, where.text_width())) + '\n';
}

}  // namespace

std::string format_results(measure::results const& results, terminal const& where, results_style style) {
    std::vector<block> blocks;
    auto const workloads = measure::workloads_of(results);
    for (auto const& name : workloads)
        blocks.push_back(block_of(results, name, where.utf8));
    auto const sizes = lay_out(blocks, where.width, style);
    auto out = title_line(sizes, where);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        out += heading_of(blocks[i], where);
        for (auto const& each : blocks[i].lines)
            out += text_of(each, blocks[i].longest, sizes, where);
        out += format_findings(results, workloads[i], where) + '\n';
    }
    return out + legend_of(results, sizes, where) + format_conditions(results, where);
}

}  // namespace quartet::cli
