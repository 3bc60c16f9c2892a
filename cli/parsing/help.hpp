// cli/parsing/help.hpp
//
// How --help looks: an option and its argument on the left, what it does and its default on the right,
// wrapped to the terminal.
#pragma once

#include <CLI/CLI.hpp>

namespace quartet::cli {

/// For CLI::App::formatter().
std::shared_ptr<CLI::FormatterBase> help_format();

}  // namespace quartet::cli
