// cli/parsing/parse_errors.hpp
//
// What the parser did not understand, in one line: what is wrong, what is allowed, and the nearest name.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace quartet::cli {

/// "quartet generate csv": the command that was being parsed.
std::string command_of(CLI::App const& app);

/// The last of these commands.
CLI::App const& deepest_command(CLI::App const& app);

std::string explain(CLI::App const& app, CLI::ParseError const& error);

/// Of a program and its commands: a flag that is given a value, and an option that is given an empty one, are
/// errors. The parser would take the first for the flag alone, and who types --live=ADDRESS means something.
void be_strict(CLI::App& app);

}  // namespace quartet::cli
