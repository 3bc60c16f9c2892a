#include "cli/terminal/terminal.hpp"

#include <fmt/format.h>

#include <charconv>
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

}  // namespace quartet::cli
