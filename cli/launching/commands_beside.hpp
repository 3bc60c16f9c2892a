// cli/launching/commands_beside.hpp
//
// Commands that the tool runs for itself, to hear what they say.
#pragma once

#include <quartet/command.hpp>

#include <string>
#include <vector>

namespace quartet::cli {

using word_list = std::vector<std::string>;

/// The exit code of a program that is not there, as in shells.
inline constexpr int no_such_program = 127;

/// Runs them at the same time, to the end of the last; one that takes twenty seconds is ended. One that can't
/// be started has exit code 127, and why as its standard error.
std::vector<command_result> run_beside(std::vector<word_list> const& commands);

}  // namespace quartet::cli
