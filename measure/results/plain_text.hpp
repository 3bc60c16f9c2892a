// measure/results/plain_text.hpp
//
// Makes texts from outside (errors, command lines, names of files) fit to be shown: without characters that a
// terminal or a browser would obey, and not longer than anybody reads. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quartet::measure {

/// The most bytes of one text that documents keep, and that a table or a sentence shows.
inline constexpr std::size_t most_text_kept = 4000;
inline constexpr std::size_t most_text_shown = 500;

/// The text with control characters, marks that change the direction of writing, separators of lines and
/// paragraphs and bytes that are no UTF-8 replaced by "?", line ends and tabs by blanks.
std::string plain_text(std::string_view text);

/// The same, but line ends ("\n") and tabs stay, for documents in which a text may have lines.
std::string plain_lines(std::string_view text);

/// The beginning, and " [... 10485760 bytes in all]" if that is not all; no more than `most` bytes with it,
/// and no character cut. A text that was shortened before keeps the number that it had first.
std::string shortened(std::string_view text, std::size_t most);

/// The JSON document with each text made plain; line ends and tabs stay. A character that may not be shown is
/// named instead: "‹U+202E›".
std::string with_plain_texts(std::string_view json);

}  // namespace quartet::measure
