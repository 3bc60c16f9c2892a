#include "measure/results/json_values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace quartet::measure {

void refuse_value(json const& value, char const* wanted) {
    throw std::invalid_argument(fmt::format("{} where {} should be", value.type_name(), wanted));
}

// ---- Types

void json_value<std::uint64_t>::from(std::uint64_t& value, json const& from) {
    if (!from.is_number_unsigned()) refuse_value(from, "an integer of 0 or more");
    from.get_to(value);
}
json json_value<std::uint64_t>::form() {
    return {{"type", "integer"}, {"minimum", 0}};
}

void json_value<std::int64_t>::from(std::int64_t& value, json const& from) {
    if (!from.is_number_integer()) refuse_value(from, "an integer");
    from.get_to(value);
}
json json_value<std::int64_t>::form() {
    return {{"type", "integer"}};
}

void json_value<double>::from(double& value, json const& from) {
    if (!from.is_number()) refuse_value(from, "a number");
    from.get_to(value);
    if (!(value >= 0)) throw std::invalid_argument("a number below 0");
}
json json_value<double>::form() {
    return {{"type", "number"}, {"minimum", 0}};
}

void json_value<bool>::from(bool& value, json const& from) {
    if (!from.is_boolean()) refuse_value(from, "true or false");
    from.get_to(value);
}
json json_value<bool>::form() {
    return {{"type", "boolean"}};
}

void json_value<std::string>::from(std::string& value, json const& from) {
    if (!from.is_string()) refuse_value(from, "a text");
    from.get_to(value);
}
json json_value<std::string>::form() {
    return {{"type", "string"}};
}

using texts_by_name = std::map<std::string, std::string>;

void json_value<texts_by_name>::from(texts_by_name& values, json const& from) {
    if (!from.is_object()) refuse_value(from, "an object");
    values.clear();
    for (auto const& [name, value] : from.items())
        json_value<std::string>::from(values[name], value);
}
json json_value<texts_by_name>::form() {
    return {{"type", "object"}, {"additionalProperties", json_value<std::string>::form()}};
}

// ---- Objects

json object_form::empty() {
    return {{"type", "object"},
            {"required", json::array()},
            {"additionalProperties", false},
            {"properties", json::object()}};
}

void object_form::add(std::string_view name, json form, bool optional) {
    json* into = &form_;
    auto const add_name = [&](std::string const& member) {
        json& required = (*into)["required"];
        if (!optional && std::ranges::find(required, json(member)) == required.end())
            required.push_back(member);
    };
    for (auto dot = name.find('.'); dot != name.npos; dot = name.find('.')) {
        std::string const member(name.substr(0, dot));
        add_name(member);
        json& inner = (*into)["properties"][member];
        if (inner.is_null()) inner = empty();
        into = &inner;
        name.remove_prefix(dot + 1);
    }
    add_name(std::string(name));
    (*into)["properties"][std::string(name)] = std::move(form);
}

void object_form::describe_group(field_group const& group) {
    form_["properties"][std::string(group.name)]["description"] = group.help;
}

json with_promise(json form, value_promise const& promise, std::string_view help) {
    if (!promise.choices.empty()) {
        json choices = json::array();
        for (auto const each : promise.choices)
            choices.push_back(each);
        if (form["type"].is_array()) choices.push_back(nullptr);
        form = {{"enum", choices}};
    }
    if (promise.not_empty) form["minLength"] = 1;
    if (promise.least > 0) form["minimum"] = promise.least;
    if (promise.most_elements > 0) form["maxItems"] = promise.most_elements;
    if (!help.empty()) form["description"] = help;
    return form;
}

}  // namespace quartet::measure
