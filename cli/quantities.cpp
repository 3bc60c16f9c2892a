#include "cli/quantities.hpp"

#include <fmt/format.h>

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
    constexpr std::array<std::pair<std::string_view, double>, 4> units{
        {{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}}};
    for (auto const& [name, seconds] : units) {
        if (!text.starts_with(name)) continue;
        text.remove_prefix(name.size());
        return seconds;
    }
    return std::nullopt;
}

}  // namespace

std::chrono::duration<double> parse_duration(std::string_view text) {
    constexpr double year = 366 * 86'400.0;
    auto const refuse = [whole = text] {
        throw std::invalid_argument(
            fmt::format("'{}' is not a time such as 90s, 2m or 1h30m, above zero and below a year", whole));
    };
    auto rest = text;
    double sum = 0;
    bool plain = true;
    do {
        auto const number = take_number(rest);
        if (!number) refuse();
        auto const unit = rest.empty() && plain ? 1 : take_unit(rest);
        if (!unit) refuse();
        sum += *number * *unit;
        plain = false;
    } while (!rest.empty());
    if (!(sum > 0 && sum < year)) refuse();
    return std::chrono::duration<double>(sum);
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
