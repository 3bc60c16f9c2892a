// cli/terminal/text.hpp
//
// Text in lines and columns. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::cli {

/// Text from elsewhere (a file, an exception), fit for a terminal: control characters, those that change the
/// direction of writing, and bytes that are no UTF-8 become question marks.
std::string printable(std::string_view text);

/// What a sentence of the library says, without "quartet: " before it.
std::string without_own_name(std::string sentence);

/// "a, b and c"; of more than five the first and how many others.
std::string listed(std::vector<std::string> const& names);

/// Text in a column: blanks are added up to the width.
std::string pad(std::string text, std::size_t width);
std::string pad_left(std::string const& text, std::size_t width);

/// Without the blanks at its end.
std::string rstrip(std::string line);

/// The columns that UTF-8 text takes.
std::size_t display_width(std::string_view text);

/// Breaks text into lines of at most `width` columns, at blanks. The first line begins at column `first`, the
/// others with `indent`.
std::string wrap(std::string_view text, std::size_t width, std::string_view indent = "",
                 std::size_t first = 0);

}  // namespace quartet::cli
