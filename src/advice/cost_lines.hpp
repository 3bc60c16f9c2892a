// src/advice/cost_lines.hpp
//
// Texts of lines "name value", as files of costs are. Pure functions; any thread.
#pragma once

#include <charconv>
#include <functional>
#include <map>
#include <ranges>
#include <string>
#include <string_view>
#include <system_error>

namespace quartet::inline v0::detail {

using cost_lines = std::map<std::string, std::string, std::less<>>;

/// What stands behind the first blank of each line, by what stands before it.
inline cost_lines cost_lines_of(std::string_view text) {
    cost_lines made;
    for (auto const part : text | std::views::split('\n')) {
        std::string_view const line(part.begin(), part.end());
        if (auto const space = line.find(' '); space != line.npos)
            made.emplace(line.substr(0, space), line.substr(space + 1));
    }
    return made;
}

/// Whether the line is there, and has a number that is not negative.
template <class Number>
bool take_cost(cost_lines const& lines, std::string_view name, Number& number) {
    auto const found = lines.find(name);
    if (found == lines.end()) return false;
    auto const& text = found->second;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && number >= 0;
}

}  // namespace quartet::inline v0::detail
