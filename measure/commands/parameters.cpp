#include "measure/commands/parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>

namespace quartet::measure {
namespace {

constexpr std::size_t most_values = 1000;
constexpr std::size_t most_decimals = 9;

/// A decimal number as an integer of so many places behind the point.
struct decimal {
    std::int64_t digits = 0;
    std::size_t places = 0;
};

std::optional<decimal> parse_decimal(std::string_view text) {
    auto const point = text.find('.');
    auto const fraction = point == text.npos ? std::string_view() : text.substr(point + 1);
    if (fraction.size() > most_decimals || point == 0 || (point != text.npos && fraction.empty()))
        return std::nullopt;
    std::string joined(text.substr(0, point));
    joined += fraction;
    decimal made{.places = fraction.size()};
    auto const [end, error] = std::from_chars(joined.data(), joined.data() + joined.size(), made.digits);
    bool const whole = error == std::errc() && end == joined.data() + joined.size();
    constexpr std::int64_t most = 1'000'000'000'000;
    return whole && std::abs(made.digits) <= most ? std::optional(made) : std::nullopt;
}

/// The same number with more places.
std::int64_t with_places(decimal of, std::size_t places) {
    for (; of.places < places; ++of.places)
        of.digits *= 10;
    return of.digits;
}

std::string to_text(std::int64_t digits, std::size_t places) {
    auto text = fmt::format("{:0{}}", std::abs(digits), places + 1);
    if (places > 0) text.insert(text.size() - places, 1, '.');
    if (digits < 0) text.insert(text.begin(), '-');
    return text;
}

/// The text at both sides of the first `between`.
std::optional<std::pair<std::string_view, std::string_view>> split(std::string_view text,
                                                                   std::string_view between) {
    auto const at = text.find(between);
    if (at == text.npos) return std::nullopt;
    return std::pair{text.substr(0, at), text.substr(at + between.size())};
}

bool is_name(std::string_view text) {
    auto const allowed = [](char each) {
        return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || (each >= '0' && each <= '9') ||
               each == '_' || each == '-';
    };
    return !text.empty() && std::ranges::all_of(text, allowed);
}

/// The name before the equals sign, and what is behind it.
std::pair<std::string, std::string_view> take_name(std::string_view text, std::string_view example) {
    auto const parts = split(text, "=");
    if (!parts || !is_name(parts->first))
        throw std::invalid_argument(fmt::format("'{}' is not of the form {}", text, example));
    return {std::string(parts->first), parts->second};
}

struct range {
    std::int64_t first;
    std::int64_t last;
    std::int64_t step;  // added, or multiplied by
    bool multiplies;
    std::size_t places;
};

std::optional<range> parse_range(std::string_view text) {
    auto const parts = split(text, "..");
    if (!parts) return std::nullopt;
    auto const stepped = split(parts->second, ":");
    auto step_text = stepped ? stepped->second : std::string_view();
    bool const multiplies = step_text.starts_with('*');
    if (multiplies) step_text.remove_prefix(1);
    auto const first = parse_decimal(parts->first);
    auto const last = parse_decimal(stepped ? stepped->first : parts->second);
    auto const step = stepped ? parse_decimal(step_text) : decimal{1, 0};
    if (!first || !last || !step) return std::nullopt;
    if (multiplies) {
        bool const grows = step->places == 0 && step->digits >= 2 && first->places == 0 && last->places == 0;
        if (!grows || first->digits < 1 || first->digits > last->digits) return std::nullopt;
        return range{first->digits, last->digits, step->digits, true, 0};
    }
    std::size_t const places = std::max({first->places, last->places, step->places});
    range made{with_places(*first, places), with_places(*last, places), with_places(*step, places), false,
               places};
    if (made.step == 0) return std::nullopt;
    if (made.first > made.last) made.step = -std::abs(made.step);
    if (made.first < made.last && made.step < 0) return std::nullopt;
    return made;
}

}  // namespace

line_parameter parse_scan(std::string_view text) {
    auto const [name, values] = take_name(text, "NAME=FIRST..LAST, such as level=1..9");
    auto const asked = parse_range(values);
    if (!asked)
        throw std::invalid_argument(fmt::format(
            "'{}' is no range of numbers such as 1..9, 1..9:2 in steps of 2, or 1..64:*2 for 1, 2, 4, … 64",
            values));
    line_parameter made{name, {}};
    bool const up = asked->step > 0;
    for (auto value = asked->first; up ? value <= asked->last : value >= asked->last;
         value = asked->multiplies ? value * asked->step : value + asked->step) {
        if (made.values.size() == most_values)
            throw std::invalid_argument(fmt::format("'{}' has more than {} values", values, most_values));
        made.values.push_back(to_text(value, asked->places));
    }
    return made;
}

line_parameter parse_list(std::string_view text) {
    auto const [name, values] = take_name(text, "NAME=TEXT,TEXT, such as tool=gzip,zstd");
    line_parameter made{name, {""}};
    for (std::size_t at = 0; at < values.size(); ++at) {
        bool const escapes =
            values[at] == '\\' && at + 1 < values.size() && (values[at + 1] == ',' || values[at + 1] == '\\');
        if (escapes) {
            made.values.back() += values[++at];
        } else if (values[at] == ',') {
            made.values.emplace_back();
        } else {
            made.values.back() += values[at];
        }
    }
    if (made.values.size() > most_values)
        throw std::invalid_argument(fmt::format("{} has more than {} values", name, most_values));
    return made;
}

std::vector<line_values> combinations_of(std::vector<line_parameter> const& parameters, std::size_t most) {
    std::vector<line_values> made{{}};
    for (auto const& each : parameters) {
        std::vector<line_values> more;
        for (auto const& so_far : made) {
            for (auto const& value : each.values) {
                auto next = so_far;
                if (!next.emplace(each.name, value).second)
                    throw std::invalid_argument(fmt::format("there are two parameters '{}'", each.name));
                more.push_back(std::move(next));
                if (more.size() > most)
                    throw std::invalid_argument(
                        fmt::format("the parameters have more than {} combinations", most));
            }
        }
        made = std::move(more);
    }
    return made;
}

bool mentions(std::string_view text, std::string_view name) {
    return text.find(fmt::format("{{{}}}", name)) != text.npos;
}

std::string filled_in(std::string_view text, line_values const& values) {
    std::string made;
    while (!text.empty()) {
        auto const end = text.front() == '{' ? text.find('}') : text.npos;
        auto const found =
            end == text.npos ? values.end() : values.find(std::string(text.substr(1, end - 1)));
        if (found == values.end()) {
            made += text.front();
            text.remove_prefix(1);
        } else {
            made += found->second;
            text.remove_prefix(end + 1);
        }
    }
    return made;
}

}  // namespace quartet::measure
