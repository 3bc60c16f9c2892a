#include "cli/views/table.hpp"

#include "measure/statistics/ranking.hpp"

#include <quartet/spec.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace quartet::cli {
namespace {

using measure::measurement;
using measure::placing;

struct cell {
    std::string text{};
    enum looks { plain, heading, best, failed } look = plain;
};

constexpr std::size_t gap = 2;

std::string dress(cell const& of, std::size_t width, terminal const& where) {
    auto const padded = pad(of.text, width);
    switch (of.look) {
        case cell::heading:
            return where.bold(padded);
        case cell::best:
            return where.good(padded);
        case cell::failed:
            return where.bad(padded);
        case cell::plain:
            break;
    }
    return padded;
}

/// "threads:32" stands under the heading "threads", so "×32" says the rest.
std::string workers_of(measurement const& of, bool utf8) {
    auto const colon = of.spec.find(':');
    if (colon == std::string::npos) return "";
    auto const count = of.spec.substr(colon + 1);
    return count == "each" ? " each" : (utf8 ? " ×" : " x") + count;
}

bool among_the_best(measurement const& of, std::vector<placing> const& order) {
    return std::ranges::any_of(
        order, [&](placing const& each) { return each.what == &of && each.is_among_the_best(); });
}

cell time_cell(measurement const& of, std::string const& workers, std::vector<placing> const& order,
               bool utf8) {
    if (!(of.wall_seconds.median > 0)) return {"failed", cell::failed};
    auto text = format_seconds(of.wall_seconds.median, utf8) + workers;
    if (!measure::is_good(of)) return {text + " !", cell::failed};
    if (among_the_best(of, order)) return {text + " *", cell::best};
    return {text};
}

cell memory_cell(measurement const& of) {
    auto const bytes = [](auto const& figure) {
        return figure ? format_bytes_short(static_cast<double>(*figure)) : std::string("-");
    };
    if (!(of.wall_seconds.median > 0)) return {};
    return {bytes(of.heap_peak_bytes) + " / " + bytes(of.tree_peak_bytes)};
}

/// One test: a time and a memory cell per model.
struct test {
    std::string name;
    std::vector<cell> times;
    std::vector<cell> memory;
};

/// A column's heading: the model's name; its spec where the same model has several columns, or is a
/// composition, and the spec is the same in all tests.
struct column {
    std::string model{};
    std::string spec{};
    bool same_spec = true;
    bool only_one = true;  ///< of its model

    bool names_workers() const {
        bool const composed = spec.find('+') != std::string::npos;
        return (!only_one || composed) && same_spec;
    }
    std::string heading() const { return printable(names_workers() ? spec : model); }
};

std::vector<column> columns_of(measure::results const& results) {
    std::vector<column> columns;
    for (auto const& name : measure::workloads_of(results)) {
        std::size_t place = 0;
        for (auto const& each : results.measurements) {
            if (each.workload != name) continue;
            if (place == columns.size()) columns.push_back({each.model, each.spec});
            if (columns[place].spec != each.spec) columns[place].same_spec = false;
            ++place;
        }
    }
    for (auto& each : columns)
        each.only_one = std::ranges::count(columns, each.model, &column::model) == 1;
    return columns;
}

std::vector<test> tests_of(measure::results const& results, std::vector<column> const& columns, bool utf8) {
    std::vector<test> tests;
    for (auto const& name : measure::workloads_of(results)) {
        auto const order = measure::rank(results, name);
        test made{printable(name), {}, {}};
        for (auto const& each : results.measurements) {
            if (each.workload != name) continue;
            auto const workers = columns[made.times.size()].names_workers() ? "" : workers_of(each, utf8);
            made.times.push_back(time_cell(each, workers, order, utf8));
            made.memory.push_back(memory_cell(each));
        }
        tests.push_back(std::move(made));
    }
    return tests;
}

struct layout {
    std::size_t name = 0;
    std::size_t label = std::string_view("memory").size();
    std::vector<std::size_t> columns{};

    std::size_t width() const {
        std::size_t all = name + gap + label;
        for (auto each : columns)
            all += gap + each;
        return all;
    }
};

layout measure_layout(std::vector<column> const& columns, std::vector<test> const& tests) {
    layout found;
    for (auto const& each : columns)
        found.columns.push_back(display_width(each.heading()));
    for (auto const& each : tests) {
        found.name = std::max(found.name, display_width(each.name));
        for (std::size_t i = 0; i < each.times.size(); ++i)
            found.columns[i] = std::max(
                {found.columns[i], display_width(each.times[i].text), display_width(each.memory[i].text)});
    }
    return found;
}

std::string format_row(std::string const& name, std::string const& label, std::vector<cell> const& cells,
                       layout const& sizes, terminal const& where) {
    std::string line = where.bold(pad(name, sizes.name)) + std::string(gap, ' ') + pad(label, sizes.label);
    for (std::size_t i = 0; i < cells.size(); ++i)
        line += std::string(gap, ' ') + dress(cells[i], sizes.columns[i], where);
    return rstrip(line) + '\n';
}

std::string format_wide(std::vector<column> const& columns, std::vector<test> const& tests,
                        layout const& sizes, terminal const& where) {
    std::vector<cell> headings;
    for (auto const& each : columns)
        headings.push_back({each.heading(), cell::heading});
    auto out = format_row("", "", headings, sizes, where);
    std::string line;
    for (std::size_t i = 0; i < sizes.width(); ++i)
        line += where.utf8 ? "─" : "-";
    out += where.faint(line) + '\n';
    for (auto const& each : tests) {
        out += format_row(each.name, "time", each.times, sizes, where);
        out += format_row("", "memory", each.memory, sizes, where);
    }
    return out;
}

std::string format_narrow(std::vector<column> const& columns, std::vector<test> const& tests,
                          terminal const& where) {
    std::size_t widest = 0;
    std::size_t time_width = 0;
    for (auto const& each : columns)
        widest = std::max(widest, display_width(each.heading()));
    for (auto const& each : tests) {
        for (auto const& time : each.times)
            time_width = std::max(time_width, display_width(time.text));
    }
    std::string out;
    for (auto const& each : tests) {
        out += where.bold(each.name) + '\n';
        for (std::size_t i = 0; i < each.times.size(); ++i) {
            out += rstrip("  " + pad(columns[i].heading(), widest) + std::string(gap, ' ') +
                          dress(each.times[i], time_width, where) + std::string(gap, ' ') +
                          each.memory[i].text) +
                   '\n';
        }
    }
    return out;
}

std::string legend(measure::results const& results, std::vector<test> const& tests, terminal const& where) {
    std::string text = fmt::format(
        "time: {}, * the best (several: level), {}N with N workers or tasks at once; "
        "memory: traced heap / "
        "whole process tree ({}), each at its peak, K = 1024 bytes",
        rounds_text(results), where.utf8 ? "×" : "x", methods_of(results));
    bool const any_failed = std::ranges::any_of(tests, [](test const& each) {
        return std::ranges::any_of(each.times, [](cell const& time) { return time.look == cell::failed; });
    });
    if (any_failed) text += "; ! something failed, see below";
    return where.faint(wrap(text, where.text_width())) + '\n';
}

}  // namespace

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

std::string methods_of(measure::results const& results) {
    std::vector<std::string> methods;
    for (auto const& each : results.measurements) {
        if (each.tree_peak_method && std::ranges::find(methods, *each.tree_peak_method) == methods.end())
            methods.push_back(*each.tree_peak_method);
    }
    return methods.empty() ? "not measured" : fmt::format("{}", fmt::join(methods, ", "));
}

std::string format_table(measure::results const& results, terminal const& where) {
    auto const columns = columns_of(results);
    auto const tests = tests_of(results, columns, where.utf8);
    auto const sizes = measure_layout(columns, tests);
    bool const fits = sizes.width() <= where.width;
    return (fits ? format_wide(columns, tests, sizes, where) : format_narrow(columns, tests, where)) +
           legend(results, tests, where);
}

}  // namespace quartet::cli
