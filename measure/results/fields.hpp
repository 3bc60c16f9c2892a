// measure/results/fields.hpp
//
// The one list of what a results document holds. Every report walks it, so a field that is added here is in
// JSON, CSV and Markdown, and one that is not here is in none. Pure data; any thread.
#pragma once

#include "measure/results/results.hpp"

#include <nlohmann/json.hpp>

#include <span>
#include <string_view>

namespace quartet::measure {

/// Values pass as JSON, which has a form for all of them: absent is null, several are an array.
using json = nlohmann::ordered_json;

enum class unit { none, seconds, bytes };

std::string_view to_string(unit which);

/// Which reports have a field.
enum class extent {
    everywhere,
    only_json,    ///< too long for a cell of a table
    only_tables,  ///< follows from another that is only in JSON
};

template <class Record>
struct field {
    std::string_view name;  ///< the column in CSV; a dot means an object in JSON: wall_seconds.median
    measure::unit unit;
    std::string_view help;
    json (*get)(Record const&);
    void (*set)(Record&, json const&);  ///< throws std::invalid_argument if the value is none for it
    measure::extent extent = measure::extent::everywhere;
    bool added_later = false;  ///< files of older versions lack it

    bool in_json() const noexcept { return extent != measure::extent::only_tables; }
    bool in_tables() const noexcept { return extent != measure::extent::only_json; }
};

std::span<field<machine> const> machine_fields();
std::span<field<settings> const> settings_fields();
std::span<field<conditions> const> conditions_fields();
std::span<field<lap> const> lap_fields();
std::span<field<worker_use> const> worker_fields();
std::span<field<trial_figures> const> trial_fields();
std::span<field<task_table> const> task_table_fields();
std::span<field<usage_table> const> usage_table_fields();
std::span<field<measurement> const> measurement_fields();
std::span<field<scaling_count> const> scaling_count_fields();
std::span<field<scaling_curve> const> scaling_curve_fields();

}  // namespace quartet::measure
