// cli/parsing/exit_codes.hpp
//
// The one table of exit codes; docs/manual.md has the same.
#pragma once

namespace quartet::cli {

enum exit_code : int {
    all_well = 0,
    something_failed = 1,  ///< tasks failed, an end state or an answer was wrong, the system refused
    bad_usage = 2,         ///< a flag, a name or a value was wrong; nothing was run
    cannot_tell = 3,       ///< a regression was asked for, and the rounds are too few or too noisy to say
    interrupted_by = 128,  ///< plus the signal: 130 for Ctrl-C
};

}  // namespace quartet::cli
