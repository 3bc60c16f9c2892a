#include "cli/terminal/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>

namespace quartet::cli {
namespace {

std::string three_digits(double value) {
    if (value == 0) return "0";
    int const before_point = static_cast<int>(std::floor(std::log10(std::fabs(value)))) + 1;
    return fmt::format("{:.{}f}", value, std::clamp(3 - before_point, 0, 2));
}

}  // namespace

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

}  // namespace quartet::cli
