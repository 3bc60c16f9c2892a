#include "cli/table.hpp"

#include <quartet/spec.hpp>
#include <quartet/workload.hpp>

#include "measure/ranking.hpp"
#include "measure/session.hpp"

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
    enum looks { plain, best, failed } look = plain;
};

constexpr std::size_t gap = 2;

std::string pad(std::string text, std::size_t width) {
    std::size_t const shown = display_width(text);
    if (shown < width) text.append(width - shown, ' ');
    return text;
}

std::string dress(cell const& of, std::size_t width, terminal const& where) {
    auto const padded = pad(of.text, width);
    switch (of.look) {
        case cell::best: return where.good(padded);
        case cell::failed: return where.bad(padded);
        case cell::plain: break;
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
    return std::ranges::any_of(order, [&](placing const& each) {
        return each.what == &of && (each.tied || each.what == order.front().what);
    });
}

cell time_cell(measurement const& of, std::vector<placing> const& order, bool utf8) {
    if (of.wall_seconds.samples.empty()) return {"failed", cell::failed};
    auto text = format_seconds(of.wall_seconds.median, utf8) + workers_of(of, utf8);
    if (!measure::is_good(of)) return {text + " !", cell::failed};
    if (among_the_best(of, order)) return {text + " *", cell::best};
    return {text};
}

cell memory_cell(measurement const& of) {
    auto const bytes = [](auto const& figure) {
        return figure ? format_bytes_short(static_cast<double>(*figure)) : std::string("-");
    };
    if (of.wall_seconds.samples.empty()) return {};
    return {bytes(of.heap_peak_bytes) + " / " + bytes(of.tree_peak_bytes)};
}

/// One test: a time and a memory cell per model.
struct test {
    std::string name;
    std::vector<cell> times;
    std::vector<cell> memory;
};

/// The columns: model names, or specs where one model was asked for with several counts.
std::vector<std::string> columns_of(measure::results const& results) {
    std::vector<std::string> columns;
    for (auto const& name : measure::workloads_of(results)) {
        std::vector<std::string> own;
        for (auto const& each : results.measurements) {
            if (each.workload != name) continue;
            bool const twice = std::ranges::count(own, each.model) > 0;
            own.push_back(twice ? each.spec : each.model);
        }
        if (own.size() > columns.size()) columns = own;
    }
    return columns;
}

std::vector<test> tests_of(measure::results const& results, bool utf8) {
    std::vector<test> tests;
    for (auto const& name : measure::workloads_of(results)) {
        auto const order = measure::rank(results, name);
        test made{name, {}, {}};
        for (auto const& each : results.measurements) {
            if (each.workload != name) continue;
            made.times.push_back(time_cell(each, order, utf8));
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
        for (auto each : columns) all += gap + each;
        return all;
    }
};

layout measure_layout(std::vector<std::string> const& columns, std::vector<test> const& tests) {
    layout found;
    for (auto const& column : columns) found.columns.push_back(display_width(column));
    for (auto const& each : tests) {
        found.name = std::max(found.name, display_width(each.name));
        for (std::size_t i = 0; i < each.times.size(); ++i)
            found.columns[i] = std::max({found.columns[i], display_width(each.times[i].text), display_width(each.memory[i].text)});
    }
    return found;
}

std::string rstrip(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line + '\n';
}

std::string format_row(std::string const& name, std::string const& label, std::vector<cell> const& cells, layout const& sizes,
                       terminal const& where) {
    std::string line = pad(name, sizes.name) + std::string(gap, ' ') + pad(label, sizes.label);
    for (std::size_t i = 0; i < cells.size(); ++i) line += std::string(gap, ' ') + dress(cells[i], sizes.columns[i], where);
    return rstrip(line);
}

std::string format_wide(std::vector<std::string> const& columns, std::vector<test> const& tests, layout const& sizes,
                        terminal const& where) {
    std::vector<cell> headings;
    for (auto const& column : columns) headings.push_back({column});
    std::string out = where.bold(format_row("", "", headings, sizes, terminal{}));
    std::string line;
    for (std::size_t i = 0; i < sizes.width(); ++i) line += where.utf8 ? "─" : "-";
    out += where.faint(line) + '\n';
    for (auto const& each : tests) {
        out += format_row(each.name, "time", each.times, sizes, where);
        out += format_row("", "memory", each.memory, sizes, where);
    }
    return out;
}

std::string format_narrow(std::vector<std::string> const& columns, std::vector<test> const& tests, terminal const& where) {
    std::size_t widest = 0;
    std::size_t time_width = 0;
    for (auto const& column : columns) widest = std::max(widest, display_width(column));
    for (auto const& each : tests) {
        for (auto const& time : each.times) time_width = std::max(time_width, display_width(time.text));
    }
    std::string out;
    for (auto const& each : tests) {
        out += where.bold(each.name) + '\n';
        for (std::size_t i = 0; i < each.times.size(); ++i) {
            out += rstrip("  " + pad(columns[i], widest) + std::string(gap, ' ') + dress(each.times[i], time_width, where) +
                          std::string(gap, ' ') + each.memory[i].text);
        }
    }
    return out;
}

std::string legend(measure::results const& results, terminal const& where) {
    std::string method = "pss";
    for (auto const& each : results.measurements) method = each.tree_peak_method.value_or(method);
    return where.faint(wrap(fmt::format("time: median of {} rounds, * the best (several: a tie); memory: traced heap / whole "
                                        "process tree ({}), each at its peak",
                                        results.settings.rounds, method),
                            where.width)) +
           '\n';
}

std::string times(double ratio) { return fmt::format("{:.{}f}", ratio, ratio < 10 ? 1 : 0); }

/// "async won (a tie with threads): 1.9 times as fast as processes, 18 times as fast as single."
std::string sentence_of(std::vector<placing> const& order) {
    std::string tied;
    std::string beaten;
    for (auto const& each : order) {
        if (each.what == order.front().what) continue;
        auto& list = each.tied ? tied : beaten;
        if (!list.empty()) list += ", ";
        list += each.tied ? each.what->spec : fmt::format("{} times as fast as {}", times(each.times_the_best), each.what->spec);
    }
    auto sentence = fmt::format("{} won", order.front().what->spec);
    if (!tied.empty()) sentence = fmt::format("{} and {} are level", order.front().what->spec, tied);
    if (!beaten.empty()) sentence += ", " + beaten;
    return sentence + ".";
}

std::string seed_sentence(std::string const& workload) {
    for (auto const& each : registered_workloads()) {
        if (each.name == workload && !each.seed_finding.empty()) return fmt::format(" The seed found: {}.", each.seed_finding);
    }
    return "";
}

std::vector<std::string> troubles_of(measure::results const& results, std::string const& workload) {
    std::vector<std::string> lines;
    for (auto const& each : results.measurements) {
        if (each.workload != workload) continue;
        if (!each.verification.empty()) lines.push_back(fmt::format("{} {}: {}", workload, each.spec, each.verification));
        if (each.failed == 0) continue;
        lines.push_back(fmt::format("{} {}: {} of {} tasks failed:", workload, each.spec, each.failed, each.tasks));
        for (auto const& failure : each.failures) lines.push_back("  " + failure);
        if (each.failed > each.failures.size())
            lines.push_back(fmt::format("  and {} more", each.failed - each.failures.size()));
    }
    return lines;
}

}  // namespace

std::string format_table(measure::results const& results, terminal const& where) {
    auto const columns = columns_of(results);
    auto const tests = tests_of(results, where.utf8);
    auto const sizes = measure_layout(columns, tests);
    bool const fits = sizes.width() <= where.width;
    return (fits ? format_wide(columns, tests, sizes, where) : format_narrow(columns, tests, where)) + legend(results, where);
}

std::string format_findings(measure::results const& results, terminal const& where) {
    std::string out;
    for (auto const& name : measure::workloads_of(results)) {
        auto const order = measure::rank(results, name);
        if (order.size() > 1) out += wrap(name + ": " + sentence_of(order) + seed_sentence(name), where.width, "  ") + '\n';
        for (auto const& line : troubles_of(results, name)) out += where.bad(line) + '\n';
    }
    return out;
}

}  // namespace quartet::cli
