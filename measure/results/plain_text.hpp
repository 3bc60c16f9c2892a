// measure/results/plain_text.hpp
//
// Texts that come from outside (errors, command lines, names of files) before they are shown: without what a
// terminal or a browser would obey, and no longer than a reader bears. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quartet::measure {

/// Of one text, what documents keep, and what a line of a table or of a sentence shows, in bytes.
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

/// A JSON document whose texts are plain, but for line ends and tabs, which stay. What is not shown is named:
/// "‹U+202E›".
std::string with_plain_texts(std::string_view json);

}  // namespace quartet::measure
