// cli/measuring/repetition.hpp
//
// Measuring runs the user's commands many times, and commands have effects. So before the first one runs, the
// tool says how often that will be, and asks for consent unless the command line gave it.
#pragma once

#include "cli/measuring/measuring.hpp"
#include "cli/measuring/plan.hpp"
#include "cli/terminal/interrupt.hpp"

#include <string>

namespace quartet::cli {

/// How often each input's command is run.
struct repetition {
    bool again;        ///< more than once
    std::string text;  ///< "36 times: 4 models x (1 warm-up + 8 rounds)"
};

/// In a session.
repetition repetition_of(plan const& what, method const& how);

enum class consent {
    given,    ///< the command line says how often
    wanted,   ///< the user is asked at the terminal
    required  ///< there is no terminal to ask at: nothing runs
};

/// By --rounds, --precision, --budget or --yes.
consent consent_of(method_options const& options);

/// If the plan would run commands more than once, says so on standard error and asks where it must (`quiet`:
/// says it only if it asks). Throws usage_error if the answer is no, measure::interrupted.
void announce_commands(plan const& what, repetition const& how_often, consent from_user, bool quiet,
                       interrupt const& stop);

}  // namespace quartet::cli
