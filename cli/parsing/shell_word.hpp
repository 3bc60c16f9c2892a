// cli/parsing/shell_word.hpp
//
// Words of a command line as a person would type them.
#pragma once

#include <string>

namespace quartet::cli {

/// As it is, or quoted if a shell would otherwise split or change it.
std::string shell_word(std::string const& word);

}  // namespace quartet::cli
