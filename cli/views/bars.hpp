// cli/views/bars.hpp
//
// A bar made of characters, with whiskers: how long something took, and where its interval lies. Pure
// functions.
#pragma once

#include <cstddef>
#include <string>

namespace quartet::cli {

struct bar_value {
    double middle;
    double low;
    double high;
};

/// A bar of at most `width` columns, where `full` fills them all: solid up to `low`, and from there to `high`
/// the whisker, with a mark at `middle`. An interval narrower than a column leaves a bar without whiskers,
/// which in UTF-8 ends in an eighth of a column. Anything above zero is to be seen.
std::string bar(bar_value const& value, double full, std::size_t width, bool utf8);

}  // namespace quartet::cli
