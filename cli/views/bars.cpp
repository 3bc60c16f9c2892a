#include "cli/views/bars.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace quartet::cli {
namespace {

struct characters {
    std::string_view full;
    std::string_view low;
    std::string_view line;
    std::string_view middle;
    std::string_view high;
};
constexpr characters utf8_characters{"█", "├", "─", "┼", "┤"};
constexpr characters ascii_characters{"=", "|", "-", "+", "|"};

std::string repeated(std::string_view what, std::size_t times) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i)
        text += what;
    return text;
}

std::string solid(double columns, bool utf8) {
    constexpr std::array<std::string_view, 8> eighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    if (!utf8)
        return repeated(ascii_characters.full,
                        std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(columns))));
    auto const parts = std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(8 * columns)));
    return repeated(utf8_characters.full, parts / 8) + std::string(eighths[parts % 8]);
}

}  // namespace

std::string bar(bar_value const& value, double full, std::size_t width, bool utf8) {
    if (!(value.middle > 0 && full > 0) || width == 0) return "";
    auto const columns = [&](double of) {
        return std::clamp(of / full, 0.0, 1.0) * static_cast<double>(width);
    };
    if (columns(value.high) - columns(value.low) < 1.5) return solid(columns(value.middle), utf8);
    auto const& set = utf8 ? utf8_characters : ascii_characters;
    auto const last = static_cast<double>(width - 1);
    auto const column_of = [&](double of) {
        return static_cast<std::size_t>(std::min(std::floor(columns(of)), last));
    };
    std::size_t const low = column_of(value.low);
    std::size_t const high = column_of(value.high);
    auto text = repeated(set.full, low);
    for (std::size_t at = low; at <= high; ++at)
        text += at == low                       ? set.low
                : at == high                    ? set.high
                : at == column_of(value.middle) ? set.middle
                                                : set.line;
    return text;
}

}  // namespace quartet::cli
