// measure/fields.hpp
//
// The one list of what a results document holds. Every report walks it, so a field that is added here is in
// JSON, CSV and Markdown, and one that is not here is in none. Pure data; any thread.
#pragma once

#include "measure/results.hpp"

#include <nlohmann/json.hpp>

#include <span>
#include <string_view>

namespace quartet::measure {

/// Values pass as JSON, which has a form for all of them: absent is null, several are an array.
using json = nlohmann::ordered_json;

enum class unit { none, seconds, bytes };

std::string_view to_string(unit which);

template <class Record>
struct field {
    std::string_view name;  ///< the column in CSV; a dot means an object in JSON: wall_seconds.median
    measure::unit unit;
    std::string_view help;
    json (*get)(Record const&);
    void (*set)(Record&, json const&);  ///< throws json::exception if the value is of another type
};

std::span<field<machine> const> machine_fields();
std::span<field<settings> const> settings_fields();
std::span<field<lap> const> lap_fields();
std::span<field<measurement> const> measurement_fields();

}  // namespace quartet::measure
