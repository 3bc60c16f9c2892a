// cli/measuring/input_files.hpp
//
// Files named on the command line that every trial reads anew, though a pipe can be read only once.
#pragma once

#include "cli/terminal/interrupt.hpp"

#include <filesystem>
#include <string>

namespace quartet::cli {

/// `file`, if it can be read again and again, or is not there; a copy of all that it holds in `copy` if it is
/// a pipe, a terminal or the like. Waits for those who write to it. Throws measure::interrupted,
/// std::system_error.
std::filesystem::path readable_again(std::filesystem::path const& file, std::filesystem::path const& copy,
                                     interrupt const& stop);

/// A copy of all of standard input.
std::filesystem::path copy_of_standard_input(std::filesystem::path const& copy, interrupt const& stop);

}  // namespace quartet::cli
