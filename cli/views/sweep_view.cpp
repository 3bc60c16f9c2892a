#include "cli/views/sweep_view.hpp"

#include "cli/terminal/figures.hpp"
#include "cli/terminal/text.hpp"
#include "cli/views/bars.hpp"
#include "cli/views/findings.hpp"
#include "measure/statistics/ranking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

namespace quartet::cli {
namespace {

using measure::scaling_count;
using measure::scaling_curve;

/// "1.23", "12.3", "1.23k", "12.3M".
std::string rate(double per_second) {
    constexpr std::string_view units = " kMG";
    std::size_t unit = 0;
    for (; per_second >= 1000 && unit + 1 < units.size(); ++unit)
        per_second /= 1000;
    auto text = fmt::format("{:.{}f}", per_second, per_second < 9.995 ? 2 : per_second < 99.95 ? 1 : 0);
    if (unit > 0) text += units[unit];
    return text;
}

/// A number of workers that may have a fraction, such as the knee of a law.
std::string workers_text(double of) {
    return fmt::format("{:.{}f}", of, of < 9.95 ? 1 : 0);
}

struct sweep_line {
    std::string count;
    std::string time;
    std::string rate;
    std::string law;  ///< the fitted throughput with its band
};

std::string time_of(measure::results const& results, scaling_curve const& curve, scaling_count const& count,
                    bool utf8) {
    auto const found = std::ranges::find_if(results.measurements, [&](auto const& each) {
        return each.workload == curve.workload && each.spec == count.spec;
    });
    bool const good = found != results.measurements.end() && count.tasks_per_second > 0;
    return good ? format_seconds(found->wall_seconds.median, utf8) : "failed";
}

sweep_line line_of(measure::results const& results, scaling_curve const& curve, scaling_count const& count,
                   bool utf8) {
    sweep_line made{fmt::format("{}", count.count), time_of(results, curve, count, utf8), "", ""};
    if (count.tasks_per_second > 0) made.rate = rate(count.tasks_per_second);
    if (count.fitted)
        made.law =
            fmt::format("{} ({} to {})", rate(*count.fitted), rate(*count.band_low), rate(*count.band_high));
    return made;
}

/// The bar with the law's mark on it, or beyond it.
std::string bar_with_law(scaling_count const& count, double most, std::size_t width, bool utf8) {
    auto text = bar({count.tasks_per_second, count.low, count.high}, most, width, utf8);
    if (!count.fitted) return text;
    auto const marked =
        std::min(width - 1, static_cast<std::size_t>(*count.fitted / most * static_cast<double>(width)));
    std::string_view const mark = utf8 ? "◆" : "o";
    text = pad(text, marked + 1);
    std::size_t at = 0;  // where the character of that column begins
    for (std::size_t column = 0; column < marked; ++column) {
        do
            ++at;
        while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80);
    }
    std::size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
        ++end;
    return text.replace(at, end - at, mark);
}

struct sweep_widths {
    std::size_t count;
    std::size_t time;
    std::size_t rate;
    std::size_t law;
    std::size_t bar;
};

sweep_widths widths_of(scaling_curve const& curve, std::vector<sweep_line> const& lines, std::size_t width) {
    constexpr std::size_t narrowest_bar = 10;
    constexpr std::size_t widest_bar = 60;
    sweep_widths made{display_width(curve.axis), 4, 7, 0, 0};
    for (auto const& each : lines) {
        made.count = std::max(made.count, display_width(each.count));
        made.time = std::max(made.time, display_width(each.time));
        made.rate = std::max(made.rate, display_width(each.rate));
        made.law = std::max(made.law, display_width(each.law));
    }
    auto const taken = [&] {
        return 2 + made.count + 2 + made.time + 2 + made.rate + (made.law > 0 ? 2 + made.law : 0);
    };
    if (taken() + 2 + narrowest_bar > width) made.law = 0;
    std::size_t const room = width - std::min(width, taken() + 2);
    made.bar = room < narrowest_bar ? 0 : std::min(room, widest_bar);
    return made;
}

std::string block_of(measure::results const& results, scaling_curve const& curve, terminal const& where) {
    std::vector<sweep_line> lines;
    double most = 0;
    for (auto const& each : curve.counts) {
        lines.push_back(line_of(results, curve, each, where.utf8));
        most = std::max({most, each.high, each.fitted.value_or(0)});
    }
    auto const sizes = widths_of(curve, lines, where.width);
    auto const text_of = [&](std::string const& mark, sweep_line const& line, std::string const& drawn) {
        auto text = pad(mark, 2) + pad_left(line.count, sizes.count) + "  " +
                    pad_left(line.time, sizes.time) + "  " + pad_left(line.rate, sizes.rate);
        if (sizes.bar > 0) text += "  " + pad(drawn, sizes.bar);
        if (sizes.law > 0) text += "  " + pad_left(line.law, sizes.law);
        return rstrip(text);
    };
    auto out = where.bold(printable(curve.workload)) + where.faint("  " + printable(curve.model)) + '\n';
    out += where.faint(text_of("", {curve.axis, "time", "tasks/s", sizes.law > 0 ? "law" : ""}, "")) + '\n';
    for (std::size_t i = 0; i < lines.size(); ++i) {
        bool const best = curve.best == curve.counts[i].count;
        bool const failed = !(curve.counts[i].tasks_per_second > 0);
        auto const drawn =
            sizes.bar > 0 && most > 0 ? bar_with_law(curve.counts[i], most, sizes.bar, where.utf8) : "";
        auto const text = text_of(failed ? "!" : best ? "*" : "", lines[i], drawn);
        out += (failed ? where.bad(text) : best ? where.good(text) : text) + '\n';
    }
    return out;
}

/// The fewest rounds that any of the curve's counts has.
std::size_t rounds_of_curve(measure::results const& results, scaling_curve const& curve) {
    std::size_t least = 0;
    for (auto const& each : results.measurements) {
        bool const on_it =
            std::ranges::find(curve.counts, each.spec, &scaling_count::spec) != curve.counts.end();
        if (!on_it || each.workload != curve.workload || rounds_of(each) == 0) continue;
        least = least == 0 ? rounds_of(each) : std::min(least, rounds_of(each));
    }
    return least;
}

std::string best_sentence(measure::results const& results, scaling_curve const& curve) {
    if (!curve.best) return "Nothing ran well. ";
    auto const at = [&](std::uint64_t count) {
        auto const found = std::ranges::find(curve.counts, count, &scaling_count::count);
        return found == curve.counts.end() ? 0 : found->tasks_per_second;
    };
    bool const one = *curve.best == 1 && curve.axis == "workers";
    auto text = fmt::format("Best with {} {}", *curve.best, one ? "worker" : printable(curve.axis));
    if (*curve.best > 1 && at(1) > 0)
        text += fmt::format(", {:.3g} times the throughput of one", at(*curve.best) / at(1));
    std::size_t const rounds = rounds_of_curve(results, curve);
    std::size_t const needed = measure::rounds_needed(curve.counts.size());
    if (rounds < needed)
        return text + fmt::format(", after {} round{}; it takes {} to be sure. ", rounds,
                                  rounds == 1 ? "" : "s", needed);
    bool const least = *curve.best == curve.counts.front().count;
    return text + (least ? ": no other count is certainly faster. "
                         : ": fewer are slower, and no other count is certainly faster. ");
}

std::string law_sentence(scaling_curve const& curve) {
    if (!curve.lambda) return fmt::format("No scaling law: {}.", printable(curve.no_law));
    double const off = 100 * curve.deviation.value_or(0);
    auto text =
        fmt::format("The scaling law is off by {:.{}f} %: {:.1f} % of the work is one at a time (sigma)", off,
                    off < 9.95 ? 1 : 0, 100 * curve.sigma.value_or(0));
    text += fmt::format(", {:.2g} % is lost for each pair (kappa)", 100 * curve.kappa.value_or(0));
    if (curve.knee) text += fmt::format("; beyond {} (the knee) more add little", workers_text(*curve.knee));
    if (curve.peak) text += fmt::format(", beyond {} they harm", workers_text(*curve.peak));
    if (!curve.knee) text += "; it grows without an end in sight";
    return text + '.';
}

/// If there are several curves: the smallest combination that is among the best of all. Curves begin with the
/// fewest workers, so that is the first one.
std::string overall_sentence(measure::results const& results) {
    if (results.scaling.size() < 2) return "";
    auto const order = measure::rank(results, results.scaling.front().workload);
    auto const best = measure::as_fast_as_the_first(order, results.settings.margin);
    for (auto const& each : results.measurements) {
        if (std::ranges::find(best, &each) == best.end()) continue;
        return fmt::format("Of all combinations {} is the smallest among the best, with {} tasks a second.",
                           printable(each.spec), rate(each.tasks_per_second.value_or(0)));
    }
    return "";
}

std::string curve_sentences(measure::results const& results, scaling_curve const& curve) {
    return best_sentence(results, curve) + law_sentence(curve);
}

}  // namespace

std::string sweep_sentences(measure::results const& results) {
    std::string lines;
    for (auto const& each : results.scaling) {
        if (results.scaling.size() > 1) lines += printable(each.model) + ": ";
        lines += curve_sentences(results, each) + '\n';
    }
    return lines + overall_sentence(results);
}

std::string format_sweep(measure::results const& results, terminal const& where) {
    auto const width = where.text_width();
    std::string out;
    for (auto const& each : results.scaling) {
        out += block_of(results, each, where);
        out += wrap(curve_sentences(results, each), width) + "\n\n";
    }
    if (auto const overall = overall_sentence(results); !overall.empty())
        out += wrap(overall, width) + "\n\n";
    bool const any_law =
        std::ranges::any_of(results.scaling, [](auto const& each) { return each.lambda.has_value(); });
    std::string legend = "bar: tasks a second by the median time, and their 95 % interval; * the best";
    if (any_law)
        legend += fmt::format("; {} the Universal Scalability Law, in brackets its 95 % band",
                              where.utf8 ? "◆" : "o");
    out += where.faint(wrap(legend, width)) + '\n' + format_conditions(results, where);
    for (auto const& workload : measure::workloads_of(results))
        out += format_troubles(results, workload, where);
    return out;
}

}  // namespace quartet::cli
