#include "measure/results/schema.hpp"

#include "measure/results/fields.hpp"
#include "measure/results/json_values.hpp"

namespace quartet::measure {
namespace {

json schema_of_results() {
    json document = json_value<results>::form();
    auto& required = document["required"];
    required.insert(required.begin(), "schema");
    json properties = {{"schema", {{"const", results_schema}}}};
    properties.update(document["properties"]);
    document["properties"] = properties;
    json made = {
        {"$schema", "https://json-schema.org/draft/2020-12/schema"},
        {"$id", "urn:quartet:results:2"},
        {"title", "Results of quartet"},
        {"description", "What `quartet run --json` writes. A figure that could not be measured is null."},
    };
    made.update(document);
    return made;
}

/// On one line: {"type": "integer", "minimum": 0}.
std::string spaced(json const& value) {
    if (!value.is_structured()) return value.dump();
    std::string line;
    for (auto const& [name, member] : value.items()) {
        if (!line.empty()) line += ", ";
        if (value.is_object()) line += json(name).dump() + ": ";
        line += spaced(member);
    }
    return value.is_object() ? '{' + line + '}' : '[' + line + ']';
}

/// What does not fit on one line has a line for each member. `column`: where the text begins.
void write_schema(std::string& out, json const& value, std::size_t column, std::size_t indent) {
    constexpr std::size_t most_columns = 120;
    auto const line = spaced(value);
    if (!value.is_structured() || column + line.size() < most_columns) {
        out += line;
        return;
    }
    std::string const inner(indent + 2, ' ');
    out += value.is_object() ? '{' : '[';
    bool first = true;
    for (auto const& [name, member] : value.items()) {
        auto const head = inner + (value.is_object() ? json(name).dump() + ": " : "");
        out += (first ? "\n" : ",\n") + head;
        write_schema(out, member, head.size(), inner.size());
        first = false;
    }
    out += '\n' + std::string(indent, ' ') + (value.is_object() ? '}' : ']');
}

}  // namespace

std::string results_schema_text() {
    std::string text;
    write_schema(text, schema_of_results(), 0, 0);
    return text + '\n';
}

}  // namespace quartet::measure
