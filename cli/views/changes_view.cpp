#include "cli/views/changes_view.hpp"

#include "cli/terminal/figures.hpp"
#include "cli/terminal/text.hpp"
#include "measure/analysis/findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

namespace quartet::cli {
namespace {

using measure::change;
using measure::change_kind;

/// "+3.4 %" of 1.034.
std::string percent(double ratio) {
    double const exact = 100 * (ratio - 1);
    double const value = std::abs(exact) < 0.05 ? 0 : exact;  // "+0.0 %", never "-0.0 %"
    return fmt::format("{:+.{}f} %", value, std::abs(value) < 99.5 ? 1 : 0);
}

std::string median_text(double seconds, bool utf8) {
    return seconds > 0 ? format_seconds(seconds, utf8) : "-";
}

constexpr std::size_t cells_of_change = 7;
using change_cells =
    std::array<std::string, cells_of_change>;  // workload, spec, old, new, change, interval, verdict

change_cells cells_of(change const& of, bool utf8) {
    change_cells cells{printable(of.workload),
                       printable(of.spec),
                       median_text(of.old_seconds, utf8),
                       median_text(of.new_seconds, utf8),
                       "",
                       "",
                       std::string(to_string(of.kind))};
    if (of.compared) {
        cells[4] = percent(of.compared->ratio);
        cells[5] =
            fmt::format("{} to {}", percent(of.compared->bounds.low), percent(of.compared->bounds.high));
    }
    return cells;
}

std::string dressed_verdict(change const& of, std::string const& text, terminal const& where) {
    bool const bad = of.kind == change_kind::slower || of.kind == change_kind::broken;
    bool const good = of.kind == change_kind::faster || of.kind == change_kind::mended;
    return bad ? where.bad(text) : good ? where.good(text) : text;
}

std::string lines_of(std::vector<change> const& changes, terminal const& where) {
    change_cells const titles{"", "", "old", "new", "change", "interval", ""};
    std::vector<change_cells> rows;
    for (auto const& each : changes)
        rows.push_back(cells_of(each, where.utf8));
    std::array<std::size_t, cells_of_change> widths{};
    for (std::size_t i = 0; i < cells_of_change; ++i) {
        widths[i] = display_width(titles[i]);
        for (auto const& row : rows)
            widths[i] = std::max(widths[i], display_width(row[i]));
    }
    std::size_t whole = 0;
    for (std::size_t const each : widths)
        whole += each + 2;
    for (std::size_t const dispensable : {5u, 2u}) {  // the interval, and then the old median
        if (whole <= where.width + 2) break;
        whole -= std::exchange(widths[dispensable], 0) + 2;
    }
    auto const line = [&](change_cells const& cells) {
        std::string text;
        for (std::size_t i = 0; i + 1 < cells_of_change; ++i) {
            bool const name = i < 2;
            if (widths[i] > 0)
                text += (name ? pad(cells[i], widths[i]) : pad_left(cells[i], widths[i])) + "  ";
        }
        return text;
    };
    auto out = where.faint(rstrip(line(titles))) + '\n';
    for (std::size_t i = 0; i < changes.size(); ++i)
        out += rstrip(line(rows[i]) + dressed_verdict(changes[i], rows[i].back(), where)) + '\n';
    return out;
}

/// "2 slower, 1 faster, 24 equal, 1 not resolved".
std::string counts_of(std::vector<change> const& changes) {
    std::string text;
    for (auto const kind : {change_kind::broken, change_kind::slower, change_kind::faster,
                            change_kind::mended, change_kind::equal, change_kind::unresolved,
                            change_kind::failed, change_kind::added, change_kind::removed}) {
        auto const count = std::ranges::count(changes, kind, &change::kind);
        if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, to_string(kind));
    }
    return text.empty() ? "nothing to compare" : text;
}

std::string regressions_of(std::vector<change> const& changes, double above) {
    std::string text;
    for (auto const& each : changes) {
        if (!each.is_regression(above)) continue;
        text +=
            fmt::format("{}{} {}", text.empty() ? "" : ", ", printable(each.workload), printable(each.spec));
        if (each.compared) text += fmt::format(" ({})", percent(each.compared->ratio));
    }
    return text;
}

bool is_something_sure(std::vector<change> const& changes) {
    return std::ranges::any_of(changes, [](change const& each) {
        return each.compared && each.compared->winner() != measure::verdict::unresolved;
    });
}

std::vector<change const*> those_of(std::vector<change> const& changes, auto holds) {
    std::vector<change const*> found;
    for (auto const& each : changes) {
        if (holds(each)) found.push_back(&each);
    }
    return found;
}

std::string name_of(change const& of) {
    return fmt::format("{} {}", printable(of.workload), printable(of.spec));
}

/// Which rows these are, and what it takes to know: "sleep single (-3.0 % to +40.0 %); some 60 rounds in both
/// files would tell".
std::string what_it_takes(std::vector<change const*> const& open, std::size_t rounds) {
    constexpr std::size_t most_named = 5;
    std::string text;
    std::size_t wanted = 0;
    std::size_t hopeless = 0;
    for (std::size_t i = 0; i < open.size(); ++i) {
        auto const& compared = *open[i]->compared;
        if (i < most_named)
            text += fmt::format("{}{} ({} to {})", i == 0 ? "" : ", ", name_of(*open[i]),
                                percent(compared.bounds.low), percent(compared.bounds.high));
        if (compared.rounds_to_tell)
            wanted = std::max(wanted, *compared.rounds_to_tell);
        else
            ++hopeless;
    }
    if (open.size() > most_named) text += fmt::format(" and {} more", open.size() - most_named);
    if (wanted > 0)
        text += fmt::format("; some {} rounds in both files would tell, in place of {}",
                            measure::about(wanted), rounds);
    if (hopeless > 0)
        text += fmt::format("; {} too near to the margin for any number of rounds",
                            hopeless == 1 ? "one row is" : fmt::format("{} rows are", hopeless));
    return text;
}

std::string contradiction_of(change const& of) {
    return fmt::format(
        "{}: the medians {}, and yet the change is {}; it is the middle of all ratios of a new time to an "
        "old "
        "one, and says more than two times in the middle do",
        name_of(of), of.new_seconds < of.old_seconds ? "fell" : "rose", percent(of.compared->ratio));
}

}  // namespace

std::string format_changes(std::vector<change> const& changes, std::size_t rounds,
                           std::optional<double> fail_above, terminal const& where) {
    auto const width = where.text_width();
    auto const in_both = static_cast<std::size_t>(
        std::ranges::count_if(changes, [](change const& each) { return each.compared.has_value(); }));
    auto out = lines_of(changes, where) + '\n';
    auto const paragraph = [&](std::string const& text) { return wrap(text, width, "  ") + '\n'; };
    for (auto const& each : changes) {
        if (each.contradicts_medians()) out += paragraph(contradiction_of(each));
    }
    auto summary = counts_of(changes);
    std::size_t const needed = measure::rounds_needed_to_compare(in_both);
    if (in_both > 0 && rounds < needed && !is_something_sure(changes))
        summary += fmt::format("; with {} round{} nothing can be sure, it takes {} in both files", rounds,
                               rounds == 1 ? "" : "s", needed);
    out += paragraph(summary);
    auto const unresolved = [](change const& each) { return each.kind == change_kind::unresolved; };
    if (!fail_above) {
        auto const open = those_of(changes, unresolved);
        return open.empty() ? out : out + paragraph("can't tell: " + what_it_takes(open, rounds));
    }
    auto const limit = fmt::format("{:g} %", 100 * *fail_above);
    auto const regressions = regressions_of(changes, *fail_above);
    if (!regressions.empty())
        out += where.bad(wrap(fmt::format("beyond {}: {}", limit, regressions), width, "  ")) + '\n';
    auto const open =
        those_of(changes, [&](change const& each) { return each.may_be_regression(*fail_above); });
    if (!open.empty())
        return out + paragraph(fmt::format("can't tell whether {} slower by more than {}: {}",
                                           open.size() == 1 ? "a row is" : "rows are", limit,
                                           what_it_takes(open, rounds)));
    return regressions.empty() ? out + paragraph(fmt::format("no regression beyond {}", limit)) : out;
}

}  // namespace quartet::cli
