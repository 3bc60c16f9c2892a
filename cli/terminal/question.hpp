// cli/terminal/question.hpp
//
// A question to who sits at the terminal.
#pragma once

#include "cli/terminal/interrupt.hpp"

#include <string_view>

namespace quartet::cli {

enum class answer { yes, no, interrupted };

/// Prints "QUESTION [y/N] " to standard error, and reads a line from the descriptor of a terminal. At its end
/// the answer is no.
answer ask(std::string_view question, int terminal, interrupt const& stop);

}  // namespace quartet::cli
