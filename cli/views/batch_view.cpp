#include "cli/views/batch_view.hpp"

#include "cli/terminal/figures.hpp"
#include "cli/terminal/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstring>

namespace quartet::cli {
namespace {

constexpr std::size_t shown_slowest = 3;
constexpr double slow = 2;  // times the median

std::string jobs(std::uint64_t number) {
    return fmt::format("{} {}", number, number == 1 ? "job" : "jobs");
}

std::string per_second(double rate) {
    if (rate >= 1) return fmt::format("{:.1f}/s", rate);
    return fmt::format("{:.1f}/min", rate * 60);
}

std::string counts_of(batch::batch_summary const& summary) {
    std::string text = fmt::format("{} done", summary.done);
    if (summary.failed > 0) text += fmt::format(", {} failed", summary.failed);
    if (summary.cancelled > 0) text += fmt::format(", {} ended before their end", summary.cancelled);
    if (summary.left_out > 0) text += fmt::format(", {} left out as the journal has them", summary.left_out);
    return text;
}

/// Why it ended early, as a sentence; empty if it did not.
std::string reason_to_end(batch::batch_summary const& summary) {
    switch (summary.end) {
        case batch::batch_end::all_run:
            return {};
        case batch::batch_end::halted:
            return "ended early, as --halt says: " + summary.why;
        case batch::batch_end::interrupted:
            if (summary.signal == SIGINT) return "ended early by Ctrl-C";
            return fmt::format("ended early by a signal ({})", strsignal(summary.signal));
        case batch::batch_end::reader_gone:
            return "ended early, as nobody reads the output any more";
        case batch::batch_end::broken:
            return "ended early: " + without_own_name(summary.why);
    }
    return {};
}

std::string times_of(batch::batch_summary const& summary, bool utf8) {
    auto const& durations = summary.durations;
    if (durations.count() == 0) return {};
    auto text = fmt::format("a job took {} (median)", format_seconds(durations.quantile(0.5), utf8));
    if (durations.count() >= 20)
        text += fmt::format(", 95 of 100 no longer than {}", format_seconds(durations.quantile(0.95), utf8));
    double const cpu = summary.cpu_user + summary.cpu_system;
    if (cpu > 0) text += fmt::format("; processors {} in all", format_seconds(cpu, utf8));
    if (summary.peak_bytes > 0)
        text += fmt::format(", memory {} of the largest",
                            format_bytes_short(static_cast<double>(summary.peak_bytes)));
    return text;
}

std::string slowest_of(batch::batch_summary const& summary, terminal const& screen) {
    std::string text;
    double const usual = summary.durations.quantile(0.5);
    for (std::size_t i = 0; i < std::min(shown_slowest, summary.slowest.size()); ++i) {
        auto const& note = summary.slowest[i];
        if (note.seconds < slow * usual) break;
        text += fmt::format("  {}  job {}  {}\n", pad_left(format_seconds(note.seconds, screen.utf8), 8),
                            note.number, printable(note.command));
    }
    return text.empty() ? text : screen.faint("slowest") + '\n' + text;
}

std::string indented(std::string const& lines) {
    std::string text;
    for (std::size_t at = 0; at < lines.size();) {
        auto const end = std::min(lines.find('\n', at), lines.size());
        text += "      " + printable(lines.substr(at, end - at)) + '\n';
        at = end + 1;
    }
    return text;
}

}  // namespace

std::string format_status(batch::batch_status const& status) {
    auto const ended = status.done + status.failed;
    auto text = status.total ? fmt::format("{} of {} done", status.done + status.left_out, *status.total)
                             : fmt::format("{} done", status.done);
    if (status.failed > 0) text += fmt::format(", {} failed", status.failed);
    text += fmt::format(", {} run", status.running);
    if (status.waiting > 0) text += fmt::format(", {} wait for another try", status.waiting);
    if (ended > 0 && status.rate > 0) text += "  " + per_second(status.rate);
    if (status.left) {
        text += fmt::format("  {} left", format_length(status.left->seconds));
        if (status.left->give_or_take >= 1)
            text += fmt::format(", give or take {}", format_length(status.left->give_or_take));
    }
    if (status.slowest_seconds >= 1)
        text +=
            fmt::format("  slowest {}: {}", format_length(status.slowest_seconds), printable(status.slowest));
    return text;
}

std::string format_failures(batch::batch_summary const& summary, terminal const& screen) {
    std::string text;
    for (auto const& note : summary.failures) {
        auto const tries = note.tries > 1 ? fmt::format(", after {} tries", note.tries) : std::string();
        text += fmt::format("{} job {}, {}: {}{}\n", screen.bad("failed:"), note.number,
                            printable(note.command), printable(note.reason), tries);
        text += indented(note.last_lines);
    }
    if (summary.failed > summary.failures.size())
        text += fmt::format("and {} more failed\n", summary.failed - summary.failures.size());
    return text;
}

std::string format_summary(batch::batch_summary const& summary, terminal const& screen) {
    auto const ended = summary.done + summary.failed;
    std::string text = format_failures(summary, screen);
    auto head = fmt::format("{} in {}: {}", jobs(ended + summary.cancelled),
                            format_seconds(summary.seconds, screen.utf8), counts_of(summary));
    if (summary.seconds > 0 && ended > 1)
        head += fmt::format("; {}", per_second(static_cast<double>(ended) / summary.seconds));
    text += screen.bold(wrap(head, screen.text_width())) + '\n';
    if (auto const early = reason_to_end(summary); !early.empty())
        text += screen.bad(wrap(printable(early), screen.text_width())) + '\n';
    if (auto const times = times_of(summary, screen.utf8); !times.empty())
        text += wrap(times, screen.text_width()) + '\n';
    text += wrap(summary.at_once, screen.text_width()) + '\n';
    text += slowest_of(summary, screen);
    return text;
}

}  // namespace quartet::cli
