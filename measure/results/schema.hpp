// measure/results/schema.hpp
//
// The JSON Schema of results documents, made of the list of fields. Pure function; any thread.
#pragma once

#include <string>

namespace quartet::measure {

/// What measure/results/results.schema.json holds, which a test compares.
std::string results_schema_text();

}  // namespace quartet::measure
