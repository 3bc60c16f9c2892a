#include "src/base/nearest.hpp"

#include <quartet/workload/parameter.hpp>

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <stdexcept>

namespace quartet::inline v0 {
namespace {

[[noreturn]] void refuse(std::string_view text, std::string const& allowed) {
    throw std::invalid_argument(fmt::format("'{}' is not {}", text, allowed));
}

template <class Number>
Number parse_number(std::string_view text, parameter const& of, std::string_view what) {
    Number value{};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool good = error == std::errc() && end == text.data() + text.size();
    if constexpr (std::is_floating_point_v<Number>) good = good && std::isfinite(value);
    good = good && !(of.least && static_cast<double>(value) < *of.least) &&
           !(of.most && static_cast<double>(value) > *of.most);
    if (!good) refuse(text, fmt::format("{} {}", what, of.range()));
    return value;
}

bool parse_flag(std::string_view text) {
    for (auto yes : {"yes", "true", "on", "1"}) {
        if (text == yes) return true;
    }
    for (auto no : {"no", "false", "off", "0"}) {
        if (text == no) return false;
    }
    refuse(text, "yes or no");
}

template <class... Visitors>
struct overloaded : Visitors... {
    using Visitors::operator()...;
};

}  // namespace

std::string_view parameter::type() const noexcept {
    return std::visit(overloaded{[](std::int64_t) { return "integer"; }, [](double) { return "number"; },
                                 [](bool) { return "yes or no"; }, [](std::string const&) { return "text"; }},
                      value);
}

std::string parameter::range() const {
    if (std::holds_alternative<bool>(value)) return "yes or no";
    if (std::holds_alternative<std::string>(value)) return "any text";
    return fmt::format("from {} to {}", least.value_or(-INFINITY), most.value_or(INFINITY));
}

parameter_value parameter::parse(std::string_view text) const {
    return std::visit(
        overloaded{
            [&](std::int64_t) -> parameter_value {
                return parse_number<std::int64_t>(text, *this, "an integer");
            },
            [&](double) -> parameter_value { return parse_number<double>(text, *this, "a number"); },
            [&](bool) -> parameter_value { return parse_flag(text); },
            [&](std::string const&) -> parameter_value { return std::string(text); },
        },
        value);
}

std::string to_string(parameter_value const& value) {
    return std::visit(overloaded{[](bool yes) { return std::string(yes ? "yes" : "no"); },
                                 [](std::string const& text) { return text; },
                                 [](auto number) { return fmt::format("{}", number); }},
                      value);
}

parameter integer(std::string name, std::int64_t value, std::int64_t least, std::int64_t most,
                  std::string help) {
    return {.name = std::move(name),
            .help = std::move(help),
            .value = value,
            .least = static_cast<double>(least),
            .most = static_cast<double>(most)};
}

parameter number(std::string name, double value, double least, double most, std::string help) {
    return {.name = std::move(name), .help = std::move(help), .value = value, .least = least, .most = most};
}

parameter flag(std::string name, bool value, std::string help) {
    return {.name = std::move(name), .help = std::move(help), .value = value};
}

parameter text(std::string name, std::string value, std::string help) {
    return {.name = std::move(name), .help = std::move(help), .value = std::move(value)};
}

parameter input_file(std::string name, std::string help) {
    parameter made = text(std::move(name), "", std::move(help));
    made.names_input = true;
    return made;
}

parameter with_study(parameter of, parameter_value studied) {
    of.study = std::move(studied);
    return of;
}

parameter_values default_values(std::vector<parameter> const& parameters, preset which) {
    parameter_values values;
    for (auto const& each : parameters)
        values[each.name] = which == preset::study ? each.study.value_or(each.value) : each.value;
    return values;
}

void set_value(parameter_values& values, std::vector<parameter> const& parameters, std::string_view of,
               std::string_view name, std::string_view text) {
    std::vector<std::string_view> names;
    for (auto const& each : parameters) {
        names.push_back(each.name);
        if (each.name != name) continue;
        try {
            values[each.name] = each.parse(text);
        } catch (std::invalid_argument const& wrong) {
            throw std::invalid_argument(fmt::format("{}.{}: {}", of, name, wrong.what()));
        }
        return;
    }
    if (names.empty())
        throw std::invalid_argument(fmt::format("{}.{}: '{}' has no parameters", of, name, of));
    throw std::invalid_argument(fmt::format("unknown parameter '{}.{}'; {} has {}{}", of, name, of,
                                            detail::join(names), detail::did_you_mean(name, names)));
}

}  // namespace quartet::inline v0
