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

/// Makes two things errors, for a program and all its commands: a value for a flag, and an empty value for an
/// option. The parser would take --live=ADDRESS for --live alone, although the address was meant to do
/// something.
void be_strict(CLI::App& app);

}  // namespace quartet::cli
