// cli/measuring/input_files.hpp
//
// Files named on the command line that every trial reads anew, though a pipe can be read only once.
#pragma once

#include "cli/terminal/interrupt.hpp"

#include <filesystem>
#include <string>

namespace quartet::cli {

/// Gives `file` itself if it can be read repeatedly or does not exist. A pipe, a terminal or the like is read
/// to its end into `copy`, which is given instead; this waits for its writers. Throws measure::interrupted,
/// std::system_error.
std::filesystem::path readable_again(std::filesystem::path const& file, std::filesystem::path const& copy,
                                     interrupt const& stop);

/// A copy of all of standard input.
std::filesystem::path copy_of_standard_input(std::filesystem::path const& copy, interrupt const& stop);

}  // namespace quartet::cli
