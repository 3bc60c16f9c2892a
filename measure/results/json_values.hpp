// measure/results/json_values.hpp
//
// How values are written as JSON, read back and described in a schema, by their type; and how a member of a
// record gets into its list of fields. Internal to the lists.
//
// A file that is read may come from anywhere, so each value is looked at before it is taken: nlohmann's own
// conversions make 18446744073709551615 of -1, and 1 of true.
#pragma once

#include "measure/results/records.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace quartet::measure {

/// Throws the std::invalid_argument for a value of another kind: "number where a text should be".
[[noreturn]] void refuse_value(json const& value, char const* wanted);

/// JSON Schema of an object: its members, in the order in which they are added.
class object_form {
public:
    /// A dot in the name means an object: wall_seconds.median. `optional`: documents may lack it.
    void add(std::string_view name, json form, bool optional);
    void describe_group(field_group const& group);
    json take() { return std::move(form_); }

private:
    json form_ = empty();
    static json empty();
};

/// With what is promised of the values, and with the explanation, if there is one.
json with_promise(json form, value_promise const& promise, std::string_view help);

/// For a type that has none of those below, specialize it: to() gives the value as JSON, from() sets it and
/// throws std::invalid_argument, form() is the JSON Schema of such values.
template <class Value>
struct json_value;

template <class Value>
struct json_value_as_it_is {
    static json to(Value const& value) { return value; }
};
template <>
struct json_value<std::uint64_t> : json_value_as_it_is<std::uint64_t> {
    static void from(std::uint64_t& value, json const& from);
    static json form();
};
template <>
struct json_value<std::int64_t> : json_value_as_it_is<std::int64_t> {
    static void from(std::int64_t& value, json const& from);
    static json form();
};
/// None of ours is below 0.
template <>
struct json_value<double> : json_value_as_it_is<double> {
    static void from(double& value, json const& from);
    static json form();
};
template <>
struct json_value<bool> : json_value_as_it_is<bool> {
    static void from(bool& value, json const& from);
    static json form();
};
template <>
struct json_value<std::string> : json_value_as_it_is<std::string> {
    static void from(std::string& value, json const& from);
    static json form();
};
template <>
struct json_value<std::map<std::string, std::string>>
    : json_value_as_it_is<std::map<std::string, std::string>> {
    static void from(std::map<std::string, std::string>& value, json const& from);
    static json form();
};

template <class Value>
struct json_value<std::optional<Value>> {
    static json to(std::optional<Value> const& value) {
        return value ? json_value<Value>::to(*value) : json(nullptr);
    }
    static void from(std::optional<Value>& value, json const& from) {
        value.reset();
        if (!from.is_null()) json_value<Value>::from(value.emplace(), from);
    }
    static json form() {
        json form = json_value<Value>::form();
        form["type"] = {form["type"], "null"};
        return form;
    }
};

template <class Value>
struct json_value<std::vector<Value>> {
    static json to(std::vector<Value> const& values) {
        json array = json::array();
        for (auto const& each : values)
            array.push_back(json_value<Value>::to(each));
        return array;
    }
    static void from(std::vector<Value>& values, json const& from) {
        if (!from.is_array()) refuse_value(from, "an array");
        values.clear();
        values.reserve(from.size());
        for (std::size_t i = 0; i < from.size(); ++i) {
            try {
                json_value<Value>::from(values.emplace_back(), from[i]);
            } catch (std::invalid_argument const& fault) {
                refuse_at(json::json_pointer() / i, fault);
            }
        }
    }
    static json form() { return {{"type", "array"}, {"items", json_value<Value>::form()}}; }
};

template <has_fields Record>
struct json_value<Record> {
    static json to(Record const& record) { return to_object(record); }
    static void from(Record& record, json const& from) {
        record = from_object<Record>(from);
        check_whole(record);
    }
    static json form() {
        object_form made;
        for (auto const& each : fields_of<Record>()) {
            if (each.in_json())
                made.add(each.name, with_promise(each.form(), each.promise, each.help), each.added_later);
        }
        for (auto const& each : groups_of<Record>())
            made.describe_group(each);
        return made.take();
    }
};

/// A member, or a member of a member: member_at<&a::b, &b::c>.
template <auto First, auto... Rest>
struct member_at {
    template <class Record>
    static auto& of(Record& record) {
        if constexpr (sizeof...(Rest) == 0)
            return record.*First;
        else
            return member_at<Rest...>::of(record.*First);
    }
};

/// The member as a field.
template <class Record, auto... Path>
constexpr field<Record> make_field(std::string_view name, unit unit = unit::none,
                                   std::string_view help = "") {
    using value = std::remove_cvref_t<decltype(member_at<Path...>::of(std::declval<Record&>()))>;
    return {
        .name = name,
        .unit = unit,
        .help = help,
        .get = [](Record const& from) { return json_value<value>::to(member_at<Path...>::of(from)); },
        .set = [](Record& to,
                  json const& from) { json_value<value>::from(member_at<Path...>::of(to), from); },
        .form = json_value<value>::form,
    };
}

}  // namespace quartet::measure
