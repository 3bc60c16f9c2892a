// cli/terminal/terminal.hpp
//
// What an output stream can show: its width, and whether colours and line-drawing characters are welcome.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace quartet::cli {

/// Longer lines of text are hard to read, however wide the terminal is.
inline constexpr std::size_t widest_text = 100;

struct terminal {
    bool is_terminal = false;
    bool colour = false;  ///< only on a terminal, never with NO_COLOR (https://no-color.org) or TERM=dumb
    bool utf8 = false;    ///< the locale's
    std::size_t width = 80;

    /// Of a descriptor: 1 is standard output. COLUMNS in the environment overrides the width. `plain`:
    /// neither colours nor anything but ASCII.
    static terminal of(int descriptor, bool plain = false);

    /// In which sentences are wrapped.
    std::size_t text_width() const noexcept { return std::min(width, widest_text); }

    std::string bold(std::string_view text) const;
    std::string good(std::string_view text) const;
    std::string bad(std::string_view text) const;
    std::string faint(std::string_view text) const;
};

/// "1 h 5 min", "2 min 10 s", "12 s": for how long something takes.
std::string format_length(double seconds);

/// Three significant digits: "12.3 s", "1.23 ms", "450 µs" (in ASCII "450 us").
std::string format_seconds(double seconds, bool utf8);

/// Three significant digits in bytes, KiB, MiB, GiB: "568B", "12.3K", "1.20M".
std::string format_bytes_short(double bytes);

/// Text from elsewhere (a file, an exception), fit for a terminal: control characters, those that change the
/// direction of writing, and bytes that are no UTF-8 become question marks.
std::string printable(std::string_view text);

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
