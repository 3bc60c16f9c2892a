#include "cli/views/profile_view.hpp"

#include "cli/terminal/figures.hpp"
#include "cli/terminal/text.hpp"
#include "cli/views/bars.hpp"
#include "measure/analysis/work_kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <sys/wait.h>
#include <utility>
#include <vector>

namespace quartet::cli {
namespace {

using measure::activity;

constexpr std::size_t most_threads = 12;

std::string_view words_for(activity what) {
    switch (what) {
        case activity::computing:
            return "computing";
        case activity::disk:
            return "waiting for files";
        case activity::network:
            return "waiting for the network";
        case activity::lock:
            return "waiting for a lock";
        case activity::process:
            return "waiting for a process";
        case activity::sleep:
            return "sleeping";
        case activity::input:
            return "waiting for input";
        case activity::other:
            break;
    }
    return "waiting for what is not known";
}

constexpr std::array all_activities{activity::computing, activity::disk,  activity::network, activity::lock,
                                    activity::process,   activity::sleep, activity::input,   activity::other};

double share(measure::activity_shares const& of, activity what) {
    return of[static_cast<std::size_t>(what)];
}

/// "98 % computing, 2 % waiting for files"
std::string shares_text(measure::activity_shares const& of) {
    std::vector<std::pair<double, activity>> parts;
    for (auto const what : all_activities) {
        if (share(of, what) >= 0.005) parts.emplace_back(share(of, what), what);
    }
    std::ranges::sort(parts, std::ranges::greater{}, &std::pair<double, activity>::first);
    std::string text;
    for (auto const& [part, what] : parts)
        text += fmt::format("{}{:.0f} % {}", text.empty() ? "" : ", ", 100 * part, words_for(what));
    return text;
}

std::string bars_of(measure::program_profile const& of, terminal const& where) {
    constexpr std::size_t width_of_words = 29;
    std::string out;
    for (auto const what : all_activities) {
        double const part = share(of.shares, what);
        if (part < 0.005) continue;
        out += fmt::format("  {}  {:>3.0f} %  {}\n", pad(std::string(words_for(what)), width_of_words),
                           100 * part, bar({part, part, part}, 1, 30, where.utf8));
    }
    return out;
}

std::string threads_of(measure::program_profile const& of, terminal const& where) {
    auto const width = where.text_width();
    std::string out;
    std::size_t shown = 0;
    for (auto const& each : of.threads) {
        if (shown++ == most_threads) break;
        auto const head = fmt::format("  {}  {:>8}  {:>7}  ", pad(printable(each.name), 15), each.thread,
                                      format_seconds(each.cpu_seconds, where.utf8));
        out +=
            head + wrap(shares_text(each.shares), width, std::string(head.size(), ' '), head.size()) + '\n';
    }
    if (of.threads.size() > most_threads)
        out += fmt::format("  and {} more\n", of.threads.size() - most_threads);
    return out;
}

/// How it ended, if not well.
std::string end_text(measure::program_profile const& of) {
    if (!of.exit_status || *of.exit_status == 0) return {};
    if (WIFSIGNALED(*of.exit_status))
        return fmt::format(" It was ended by signal {}.", WTERMSIG(*of.exit_status));
    return fmt::format(" Its exit code was {}.", WEXITSTATUS(*of.exit_status));
}

std::string sources_text(measure::program_profile const& of, bool utf8) {
    auto text = fmt::format(
        "{} looks in {}; processor time is the kernel's own account, the rest is counted by looks", of.looks,
        format_seconds(of.seconds, utf8));
    if (!of.saw_calls)
        text +=
            "; without the right to see system calls (run it as root or as the program's owner), so waits "
            "are not "
            "told apart";
    return text + fmt::format(". Watching took {:.1f} % of a processor.", 100 * of.own_share);
}

}  // namespace

std::string format_profile(measure::program_profile const& of, std::size_t cpus, terminal const& where) {
    auto const width = where.text_width();
    auto const paragraph = [&](std::string const& text) { return wrap(text, width) + '\n'; };
    auto const verdict = measure::judge_work(of, cpus);
    auto const kind = std::string(to_string(verdict.kind));
    auto out = where.good(kind) + ": " + wrap(verdict.why + ".", width, "  ", kind.size() + 2) + '\n';
    out += paragraph("What suits: " + verdict.suits + ".") + '\n';
    out += paragraph(
        fmt::format("{} in all: processors {} in the program and {} in the kernel; {} waited for one.",
                    format_seconds(of.seconds, where.utf8), format_seconds(of.cpu_user_seconds, where.utf8),
                    format_seconds(of.cpu_system_seconds, where.utf8),
                    format_seconds(of.queue_seconds, where.utf8)) +
        end_text(of));
    out += bars_of(of, where) + '\n';
    out += "Its threads, by processor time:\n" + threads_of(of, where) + '\n';
    return out + paragraph(sources_text(of, where.utf8));
}

}  // namespace quartet::cli
