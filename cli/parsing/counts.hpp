// cli/parsing/counts.hpp
//
// Numbers of workers as people type them.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace quartet::cli {

/// "1..64": 1, 2, 4, … 64, each twice the last, and the end in any case; "1,2,6": these; "1..8,12,16": both.
/// In order, each once. Throws std::invalid_argument with a sentence for anything else, for numbers outside
/// of 1 to 1,000,000, and for more than 64 numbers.
std::vector<std::size_t> parse_counts(std::string_view text);

}  // namespace quartet::cli
