// cli/parsing/manual_page.hpp
//
// Manual pages, in the man(7) macros of roff. Pure functions.
#pragma once

#include "cli/parsing/command_tree.hpp"

#include <string>

namespace quartet::cli {

/// The page of the program as a whole, or of one of its commands, which are those of `program`. For example
/// quartet(1), and quartet-run(1).
std::string manual_page(command_entry const& of, command_entry const& program);

/// "quartet-run" for "quartet run".
std::string page_name(command_entry const& of);

}  // namespace quartet::cli
