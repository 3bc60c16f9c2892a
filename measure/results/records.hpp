// measure/results/records.hpp
//
// Between a record and a JSON object, by the record's list of fields. Internal to what makes documents.
#pragma once

#include "measure/results/field.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace quartet::measure {

/// "wall_seconds.median" is at /wall_seconds/median.
json::json_pointer pointer_to(std::string_view field_name);

/// The same fault, seen from one level further out: "/trials/0/round: a number below 0".
[[noreturn]] void refuse_at(json::json_pointer const& place, std::invalid_argument const& fault);

template <has_fields Record>
json to_object(Record const& record) {
    json object = json::object();
    for (auto const& each : fields_of<Record>()) {
        if (each.in_json()) object[pointer_to(each.name)] = each.get(record);
    }
    return object;
}

/// Throws std::invalid_argument that says which field is missing, or where a value is none for its field.
/// Members that are not in the list are passed over: a later version may have added them.
template <has_fields Record>
Record from_object(json const& object) {
    Record record;
    for (auto const& each : fields_of<Record>()) {
        if (!each.in_json()) continue;
        auto const pointer = pointer_to(each.name);
        bool const missing = !object.contains(pointer);
        if (missing && each.added_later) continue;
        if (missing) throw std::invalid_argument(pointer.to_string() + " is missing");
        try {
            each.set(record, object[pointer]);
        } catch (std::invalid_argument const& fault) {
            refuse_at(pointer, fault);
        }
    }
    return record;
}

}  // namespace quartet::measure
