// measure/results/field.hpp
//
// A record as a list of its members: what each is called, what it is, and how its value becomes JSON and
// comes back. What walks such a list names no member itself: the reports, the schema, and what a trial and
// the tool tell each other. Pure data; any thread.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
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

/// What the schema promises of a value beyond what follows from its type. Readers don't insist on it.
struct value_promise {
    std::uint64_t least = 0;                      ///< of an integer
    bool not_empty = false;                       ///< of a text
    std::span<std::string_view const> choices{};  ///< of a text: it is one of these
    std::size_t most_elements = 0;                ///< of an array; 0: any number
};

template <class Record>
struct field {
    std::string_view name;  ///< the column in CSV; a dot means an object in JSON: wall_seconds.median
    measure::unit unit;
    std::string_view help;
    json (*get)(Record const&);
    void (*set)(Record&, json const&);  ///< throws std::invalid_argument if the value is none for it
    json (*form)();                     ///< JSON Schema of its values, by their type
    measure::extent extent = measure::extent::everywhere;
    bool added_later = false;  ///< files of older versions lack it
    value_promise promise{};

    bool in_json() const noexcept { return extent != measure::extent::only_tables; }
    bool in_tables() const noexcept { return extent != measure::extent::only_json; }
};

/// A record's list; a record has one where this is specialized for it.
template <class Record>
std::span<field<Record> const> fields_of() = delete;

template <class Record>
concept has_fields = requires {
    fields_of<Record>();
};

/// Throws std::invalid_argument if the values of a record that was read don't fit each other.
template <class Record>
void check_whole(Record const&) {}

/// What fields have in common whose names begin with `name` and a dot.
struct field_group {
    std::string_view name;
    std::string_view help;
};

template <class Record>
std::span<field_group const> groups_of() {
    return {};
}

}  // namespace quartet::measure
