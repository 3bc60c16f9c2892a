// measure/report_json.hpp
//
// Results as a JSON document, and back. measure/results.schema.json describes the form for other programs.
// Pure functions; any thread.
#pragma once

#include "measure/results.hpp"

#include <string>
#include <string_view>

namespace quartet::measure {

/// Indented, with a line break at the end. Bytes that are not UTF-8 (in a message) become U+FFFD, numbers
/// that JSON does not know (infinity) become null.
std::string to_json(results const& what);

/// Throws std::invalid_argument that says in a sentence what is wrong: not JSON, another schema, or which
/// field of which result.
results results_from_json(std::string_view text);

}  // namespace quartet::measure
