// cli/parsing/manual_page.hpp
//
// Manual pages, in the man(7) macros of roff. Pure functions.
#pragma once

#include "cli/parsing/command_tree.hpp"

#include <string>

namespace quartet::cli {

/// The page of `of`: the program itself, as quartet(1), or one of its commands, as quartet-run(1). `program`
/// is the program in both cases; the page refers to its other commands.
std::string manual_page(command_entry const& of, command_entry const& program);

/// "quartet-run" for "quartet run".
std::string page_name(command_entry const& of);

}  // namespace quartet::cli
