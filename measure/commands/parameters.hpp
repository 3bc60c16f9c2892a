// measure/commands/parameters.hpp
//
// Parameters of command lines: the values that each takes, all their combinations, and lines that they are
// filled in. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::measure {

struct line_parameter {
    std::string name;
    std::vector<std::string> values;
};

/// "level=1..9", "level=1..9:2" in steps of 2, "jobs=1..64:*2" each twice the last, "ratio=0.5..2:0.25",
/// "level=9..1": numbers, exactly as decimals. Throws std::invalid_argument with a sentence.
line_parameter parse_scan(std::string_view text);

/// "tool=gzip,zstd": texts; \, is a comma that belongs to one, and \\ a backslash. Throws likewise.
line_parameter parse_list(std::string_view text);

using line_values = std::map<std::string, std::string>;

/// Every combination; the values of the last parameter change quickest. One without values for no parameters.
/// Throws std::invalid_argument for more than `most` of them, and for a name that is there twice.
std::vector<line_values> combinations_of(std::vector<line_parameter> const& parameters, std::size_t most);

/// Whether the text has {name}.
bool mentions(std::string_view text, std::string_view name);

/// The text with each {name} of a parameter replaced by its value, as it is: a value may hold blanks or a
/// whole option. Other braces stay.
std::string filled_in(std::string_view text, line_values const& values);

}  // namespace quartet::measure
