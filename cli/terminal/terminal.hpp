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

    /// The width to which sentences are wrapped.
    std::size_t text_width() const noexcept { return std::min(width, widest_text); }

    std::string bold(std::string_view text) const;
    std::string good(std::string_view text) const;
    std::string bad(std::string_view text) const;
    std::string faint(std::string_view text) const;
};

}  // namespace quartet::cli
