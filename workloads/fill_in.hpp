// workloads/fill_in.hpp
//
// Puts a text in the placeholders of another. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quartet {

struct filled_text {
    std::string text;
    std::size_t placeholders = 0;  ///< that there were
};

/// `pattern` with `with` in place of each {}; {{}} is a {} of its own.
inline filled_text fill_in(std::string_view pattern, std::string_view with) {
    constexpr std::string_view gap = "{}";
    constexpr std::string_view escaped = "{{}}";
    filled_text made;
    for (auto at = pattern.find('{'); at != pattern.npos; at = pattern.find('{')) {
        made.text.append(pattern.substr(0, at));
        pattern.remove_prefix(at);
        bool const own = pattern.starts_with(escaped);
        bool const to_fill = pattern.starts_with(gap);
        made.text.append(own ? gap : to_fill ? with : "{");
        made.placeholders += to_fill;
        pattern.remove_prefix(own ? escaped.size() : to_fill ? gap.size() : 1);
    }
    made.text.append(pattern);
    return made;
}

}  // namespace quartet
