#include "cli/terminal/timing_progress.hpp"

#include "cli/terminal/figures.hpp"
#include "cli/terminal/text.hpp"

#include <fmt/format.h>

#include <string>

namespace quartet::cli {

void timing_progress::run_begins(measure::run_announcement const& run) {
    // Drawing disturbs what is measured next, and nobody reads a thousand lines a second.
    constexpr auto pause = std::chrono::milliseconds(200);
    auto const now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + pause;
    auto text = run.round == 0    ? std::string("warm-up")
                : run.rounds == 0 ? fmt::format("round {}", run.round)
                                  : fmt::format("round {} of {}", run.round, run.rounds);
    if (!run.doing.empty()) text += fmt::format("  {} of", run.doing);
    text += "  " + printable(run.row.name);
    if (run.left) text += fmt::format("  {} left at the most", format_length(run.left->count()));
    line_.show(std::move(text));
}

}  // namespace quartet::cli
