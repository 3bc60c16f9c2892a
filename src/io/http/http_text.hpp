// src/io/http/http_text.hpp
//
// What HTTP compares and leaves out when it reads text.
#pragma once

#include <algorithm>
#include <cctype>
#include <string_view>

namespace quartet::inline v0::detail {

/// Names of headers and schemes, and hosts, are compared without case, in ASCII.
inline bool same_name(std::string_view left, std::string_view right) noexcept {
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
    });
}

inline std::string_view trim(std::string_view text) noexcept {
    constexpr std::string_view blank = " \t\r\n";
    auto const first = text.find_first_not_of(blank);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// Calls `take` with each part of a list that commas separate, without the blanks around it; not with empty
/// parts.
template <class Take>
void for_each_listed(std::string_view list, Take take) {
    while (!list.empty()) {
        auto const comma = std::min(list.find(','), list.size());
        if (auto const part = trim(list.substr(0, comma)); !part.empty()) take(part);
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
}

}  // namespace quartet::inline v0::detail
