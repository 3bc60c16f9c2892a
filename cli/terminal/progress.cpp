#include "cli/terminal/progress.hpp"

#include "cli/terminal/figures.hpp"

#include <fmt/format.h>

#include <string>

namespace quartet::cli {

void progress::trial_begins(measure::trial_announcement const& trial) {
    auto text =
        trial.round == 0 ? std::string("warm-up") : fmt::format("round {} of {}", trial.round, trial.rounds);
    text += fmt::format("  {} {}", trial.which.what->name, to_string(trial.which.model));
    if (trial.left) text += fmt::format("  {} left at the most", format_length(trial.left->count()));
    line_.show(std::move(text));
}

}  // namespace quartet::cli
