// cli/parsing/completion.hpp
//
// Completion scripts for shells: commands, options, and what can stand for their values. Pure functions.
#pragma once

#include "cli/parsing/command_tree.hpp"

#include <string>

namespace quartet::cli {

/// For bash 4 and later, without the bash-completion package.
std::string bash_completion(command_entry const& program);

/// For zsh's completion system, as a file named _PROGRAM in a folder of $fpath.
std::string zsh_completion(command_entry const& program);

/// For fish 3 and later.
std::string fish_completion(command_entry const& program);

}  // namespace quartet::cli
