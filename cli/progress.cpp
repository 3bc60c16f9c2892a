#include "cli/progress.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string>

namespace quartet::cli {

void progress::trial_begins(measure::trial_announcement const& trial) {
    if (!shown_) return;
    auto line =
        trial.round == 0 ? std::string("warm-up") : fmt::format("round {} of {}", trial.round, trial.rounds);
    line += fmt::format("  {} {}", trial.which.what->name, to_string(trial.which.model));
    if (trial.left) line += fmt::format("  {} left at the most", format_length(trial.left->count()));
    if (line.size() >= screen_.width) line.resize(screen_.width - 1);
    fmt::print(stderr, "\r\033[K{}", line);
    there_is_a_line_ = true;
    std::fflush(stderr);
}

void progress::clear() {
    if (!there_is_a_line_) return;
    there_is_a_line_ = false;
    fmt::print(stderr, "\r\033[K");
    std::fflush(stderr);
}

}  // namespace quartet::cli
