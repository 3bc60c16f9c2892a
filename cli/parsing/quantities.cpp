#include "cli/parsing/quantities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <utility>

namespace quartet::cli {
namespace {

/// A number at the beginning of the text, which is taken away.
std::optional<double> take_number(std::string_view& text) {
    double number = 0;
    auto const [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc() || !(number >= 0)) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

/// The unit at the beginning of the text, in seconds, which is taken away.
std::optional<double> take_unit(std::string_view& text) {
    constexpr std::array<std::pair<std::string_view, double>, 6> units{
        {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}}};
    for (auto const& [name, seconds] : units) {
        if (!text.starts_with(name)) continue;
        text.remove_prefix(name.size());
        return seconds;
    }
    return std::nullopt;
}

/// All of the text; nothing unless it is a time below a year.
std::optional<double> take_duration(std::string_view text) {
    constexpr double year = 366 * 86'400.0;
    double sum = 0;
    bool plain = true;
    do {
        auto const number = take_number(text);
        if (!number) return std::nullopt;
        auto const unit = text.empty() && plain ? 1 : take_unit(text);
        if (!unit) return std::nullopt;
        sum += *number * *unit;
        plain = false;
    } while (!text.empty());
    return sum < year ? std::optional(sum) : std::nullopt;
}

}  // namespace

std::chrono::duration<double> parse_duration(std::string_view text) {
    auto const seconds = take_duration(text);
    if (!seconds || *seconds == 0)
        throw std::invalid_argument(
            fmt::format("'{}' is not a time such as 90s, 2m or 1h30m, above zero and below a year", text));
    return std::chrono::duration<double>(*seconds);
}

double parse_seconds(std::string_view text) {
    auto const seconds = take_duration(text);
    if (!seconds)
        throw std::invalid_argument(
            fmt::format("'{}' is not a time such as 0, 20us, 1.5ms or 2s, below a year", text));
    return *seconds;
}

double parse_bytes(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, double>, 9> units{{{"", 1},
                                                                        {"B", 1},
                                                                        {"kB", 1e3},
                                                                        {"MB", 1e6},
                                                                        {"GB", 1e9},
                                                                        {"K", 1024.0},
                                                                        {"KiB", 1024.0},
                                                                        {"MiB", 1024.0 * 1024},
                                                                        {"GiB", 1024.0 * 1024 * 1024}}};
    auto rest = text;
    auto const number = take_number(rest);
    auto const unit = std::ranges::find(units, rest, &std::pair<std::string_view, double>::first);
    if (!number || unit == units.end() || *number * unit->second > 1e18)
        throw std::invalid_argument(fmt::format("'{}' is not a size such as 0, 10kB, 1.5MB or 64MiB", text));
    return *number * unit->second;
}

double parse_share(std::string_view text) {
    auto rest = text;
    auto const number = take_number(rest);
    bool const percent = rest == "%";
    double const share = number.value_or(0) / (percent ? 100 : 1);
    if (!number || !(rest.empty() || percent) || !(share > 0 && share < 1))
        throw std::invalid_argument(
            fmt::format("'{}' is not a share such as 2% or 0.02, above 0 and below 1", text));
    return share;
}

}  // namespace quartet::cli
