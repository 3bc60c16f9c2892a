// measure/results/records.hpp
//
// Between a record and a JSON object, by the record's list of fields. Internal to the reports.
#pragma once

#include "measure/results/fields.hpp"

#include <stdexcept>
#include <string>
#include <vector>

namespace quartet::measure {

/// "wall_seconds.median" is at /wall_seconds/median.
inline json::json_pointer pointer_to(std::string_view field_name) {
    json::json_pointer pointer;
    for (;;) {
        auto const dot = field_name.find('.');
        pointer /= std::string(field_name.substr(0, dot));
        if (dot == std::string_view::npos) return pointer;
        field_name.remove_prefix(dot + 1);
    }
}

template <class Record>
json to_object(Record const& record, std::span<field<Record> const> fields) {
    json object = json::object();
    for (auto const& each : fields) {
        if (each.in_json()) object[pointer_to(each.name)] = each.get(record);
    }
    return object;
}

template <class Record>
json array_of(std::vector<Record> const& records, std::span<field<Record> const> fields) {
    json array = json::array();
    for (Record const& each : records)
        array.push_back(to_object(each, fields));
    return array;
}

/// Throws std::invalid_argument that names the field which is missing or whose value is none for it. Members
/// that are not in the list are passed over: a later version may have added them.
template <class Record>
Record from_object(json const& object, std::span<field<Record> const> fields) {
    Record record;
    for (auto const& each : fields) {
        if (!each.in_json()) continue;
        auto const pointer = pointer_to(each.name);
        bool const missing = !object.contains(pointer);
        if (missing && each.added_later) continue;
        if (missing) throw std::invalid_argument(std::string(each.name) + " is missing");
        try {
            each.set(record, object[pointer]);
        } catch (std::invalid_argument const& wrong) {
            throw std::invalid_argument(std::string(each.name) + ": " + wrong.what());
        }
    }
    return record;
}

template <class Record>
std::vector<Record> vector_of(json const& array, std::span<field<Record> const> fields) {
    std::vector<Record> records;
    for (json const& each : array)
        records.push_back(from_object(each, fields));
    return records;
}

}  // namespace quartet::measure
