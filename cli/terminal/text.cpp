#include "cli/terminal/text.hpp"

#include "measure/results/plain_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace quartet::cli {

std::string printable(std::string_view text) {
    return measure::plain_text(text);
}

std::string without_own_name(std::string sentence) {
    constexpr std::string_view name = "quartet: ";
    if (sentence.starts_with(name)) sentence.erase(0, name.size());
    return sentence;
}

std::string listed(std::vector<std::string> const& names) {
    constexpr std::size_t most = 5;
    if (std::size_t const others = names.size() > most ? names.size() - most : 0; others > 0)
        return fmt::format("{} and {} other{}", fmt::join(names.begin(), names.begin() + most, ", "), others,
                           others == 1 ? "" : "s");
    if (names.size() < 2) return names.empty() ? "" : names.front();
    return fmt::format("{} and {}", fmt::join(names.begin(), names.end() - 1, ", "), names.back());
}

std::string pad(std::string text, std::size_t width) {
    std::size_t const shown = display_width(text);
    if (shown < width) text.append(width - shown, ' ');
    return text;
}

std::string pad_left(std::string const& text, std::size_t width) {
    std::size_t const shown = display_width(text);
    return shown < width ? std::string(width - shown, ' ') + text : text;
}

std::string rstrip(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

std::size_t display_width(std::string_view text) {
    // Every byte but the continuation bytes of UTF-8 begins a character; ours are all one column wide.
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string wrap(std::string_view text, std::size_t width, std::string_view indent, std::size_t first) {
    std::string out;
    std::size_t column = first;
    bool line_begins = true;
    while (!text.empty()) {
        std::size_t const end = std::min(text.find(' '), text.size());
        auto const word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (!line_begins && column + 1 + display_width(word) > width) {
            out.append("\n").append(indent);
            column = indent.size();
            line_begins = true;
        }
        if (!line_begins) out += ' ';
        out += word;
        column += display_width(word) + (line_begins ? 0 : 1);
        line_begins = false;
    }
    return out;
}

}  // namespace quartet::cli
