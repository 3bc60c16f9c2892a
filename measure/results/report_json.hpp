// measure/results/report_json.hpp
//
// Results as a JSON document, and back. measure/results/results.schema.json describes the form for other
// programs. Pure functions; any thread.
#pragma once

#include "measure/results/results.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace quartet::measure {

/// Laid out for people, too: a line for each member, but a single line for an array of numbers, and for an
/// object within an array whose members are all simple. Bytes that are not UTF-8 (in a message) become
/// U+FFFD, numbers that JSON does not know (infinity) become null. Ends with a line break.
std::string to_json(results const& what);

/// Throws std::invalid_argument that says in a sentence what is wrong: not JSON, another schema, or which
/// field of which result. The text may be anything: it is not trusted to be ours.
results results_from_json(std::string_view text);

/// The largest file of results that is read: some thousand times as large as a usual one.
inline constexpr std::size_t most_results_bytes = std::size_t{256} << 20;

/// The same for a file. Throws std::invalid_argument, with the path in its text, also if it can't be read or
/// is larger than `most_results_bytes`.
results read_results(std::filesystem::path const& file);

}  // namespace quartet::measure
