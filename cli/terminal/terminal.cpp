#include "cli/terminal/terminal.hpp"

#include "measure/results/plain_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace quartet::cli {
namespace {

std::size_t width_of(int descriptor) {
    constexpr std::size_t usual = 80;
    if (char const* const columns = std::getenv("COLUMNS")) {
        std::size_t width = 0;
        auto const [end, error] = std::from_chars(columns, columns + std::strlen(columns), width);
        if (error == std::errc() && width > 0) return width;
    }
    winsize size{};
    if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return usual;
}

bool is_set(char const* name) {
    char const* const value = std::getenv(name);
    return value && *value;
}

std::string wrapped(bool colour, std::string_view code, std::string_view text) {
    return colour && !text.empty() ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string(text);
}

std::string three_digits(double value) {
    if (value == 0) return "0";
    int const before_point = static_cast<int>(std::floor(std::log10(std::fabs(value)))) + 1;
    return fmt::format("{:.{}f}", value, std::clamp(3 - before_point, 0, 2));
}

}  // namespace

terminal terminal::of(int descriptor, bool plain) {
    terminal found;
    found.is_terminal = isatty(descriptor) == 1;
    char const* const kind = std::getenv("TERM");
    found.colour =
        !plain && found.is_terminal && !is_set("NO_COLOR") && !(kind && std::strcmp(kind, "dumb") == 0);
    found.utf8 = !plain && std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    found.width = width_of(descriptor);
    return found;
}

std::string terminal::bold(std::string_view text) const {
    return wrapped(colour, "1", text);
}
std::string terminal::good(std::string_view text) const {
    return wrapped(colour, "1;32", text);
}
std::string terminal::bad(std::string_view text) const {
    return wrapped(colour, "1;31", text);
}
std::string terminal::faint(std::string_view text) const {
    return wrapped(colour, "2", text);
}

std::string format_length(double seconds) {
    auto const whole = static_cast<long>(std::ceil(seconds));
    if (whole < 60) return fmt::format("{} s", whole);
    if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
    return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string format_seconds(double seconds, bool utf8) {
    if (seconds >= 1 || seconds == 0) return three_digits(seconds) + " s";
    if (seconds >= 1e-3) return three_digits(seconds * 1e3) + " ms";
    return three_digits(seconds * 1e6) + (utf8 ? " µs" : " us");
}

std::string format_bytes_short(double bytes) {
    constexpr double step = 1024;
    constexpr std::string_view units = " KMGT";
    std::size_t unit = 0;
    for (; bytes >= step && unit + 1 < units.size(); ++unit)
        bytes /= step;
    return unit == 0 ? fmt::format("{:.0f}B", bytes) : three_digits(bytes) + units[unit];
}

std::string printable(std::string_view text) {
    return measure::plain_text(text);
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
