// measure/report_json.cpp

#include "measure/report_json.hpp"

#include "measure/records.hpp"

#include <fmt/format.h>

namespace quartet::measure {
namespace {

json parse(std::string_view text) {
    try {
        return json::parse(text);
    } catch (json::parse_error const& error) {
        throw std::invalid_argument(fmt::format("not a results document: {}", error.what()));
    }
}

template <class Record>
Record read_member(json const& object, json::json_pointer const& where,
                   std::span<field<Record> const> fields) {
    if (!object.contains(where)) throw std::invalid_argument(fmt::format("{} is missing", where.to_string()));
    try {
        return from_object<Record>(object[where], fields);
    } catch (std::invalid_argument const& error) {
        throw std::invalid_argument(fmt::format("in {}: {}", where.to_string(), error.what()));
    }
}

std::string read_string(json const& document, char const* name) {
    auto const found = document.find(name);
    if (found == document.end() || !found->is_string())
        throw std::invalid_argument(fmt::format("not a results document: it has no \"{}\"", name));
    return *found;
}

}  // namespace

std::string to_json(results const& what) {
    json array = json::array();
    for (measurement const& each : what.measurements)
        array.push_back(to_object(each, measurement_fields()));
    json const document = {
        {"schema", results_schema},
        {"quartet", what.quartet},
        {"machine", to_object(what.machine, machine_fields())},
        {"settings", to_object(what.settings, settings_fields())},
        {"results", std::move(array)},
    };
    return document.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

results results_from_json(std::string_view text) {
    json const document = parse(text);
    std::string const schema = read_string(document, "schema");
    if (schema != results_schema)
        throw std::invalid_argument(fmt::format("its schema is \"{}\", not \"{}\"", schema, results_schema));
    results read{
        .quartet = read_string(document, "quartet"),
        .machine = read_member(document, json::json_pointer("/machine"), machine_fields()),
        .settings = read_member(document, json::json_pointer("/settings"), settings_fields()),
        .measurements = {},
    };
    auto const array = document.find("results");
    if (array == document.end() || !array->is_array())
        throw std::invalid_argument("\"results\" is not an array");
    for (std::size_t i = 0; i < array->size(); ++i)
        read.measurements.push_back(
            read_member(document, json::json_pointer("/results") / i, measurement_fields()));
    return read;
}

}  // namespace quartet::measure
