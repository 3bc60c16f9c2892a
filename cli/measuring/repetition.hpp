// cli/measuring/repetition.hpp
//
// Commands do things, and measuring runs them again and again. So it is said how often before the first is
// run, and asked of whoever has not said it himself.
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
    wanted,   ///< at a terminal it is asked for
    required  ///< and where there is none, nothing is run without
};

/// By --rounds, --precision, --budget or --yes.
consent consent_of(method_options const& options);

/// If the plan has commands that would be run more than once: says so on standard error (`quiet`: not if
/// nothing is asked), and asks if it must. Throws usage_error if nothing is to be run, measure::interrupted.
void announce_commands(plan const& what, repetition const& how_often, consent from_user, bool quiet,
                       interrupt const& stop);

}  // namespace quartet::cli
