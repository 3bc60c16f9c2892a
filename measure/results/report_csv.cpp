// measure/results/report_csv.cpp

#include "measure/results/report_csv.hpp"

#include "measure/results/fields.hpp"
#include "measure/results/plain_text.hpp"

#include <algorithm>
#include <ranges>

namespace quartet::measure {
namespace {

std::string text_of(json const& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool all_numbers(json const& array) {
    return std::all_of(array.begin(), array.end(), [](json const& each) { return each.is_number(); });
}

std::string join(json const& numbers) {
    std::string line;
    for (json const& each : numbers) {
        if (!line.empty()) line += ' ';
        line += text_of(each);
    }
    return line;
}

std::string cell(json const& value) {
    if (value.is_null() || (value.is_object() && value.empty())) return "";
    if (value.is_string()) return plain_lines(value.get<std::string>());
    if (value.is_array() && all_numbers(value)) return join(value);
    return with_plain_texts(text_of(value));
}

std::string quoted(std::string const& cell) {
    if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
    std::string result = "\"";
    for (char const each : cell) {
        if (each == '"') result += '"';
        result += each;
    }
    return result + '"';
}

}  // namespace

std::string to_csv(results const& what) {
    auto const in_tables = std::views::filter([](auto const& each) { return each.in_tables(); });
    auto fields = fields_of<measurement>() | in_tables;
    std::string csv;
    for (auto const& each : fields)
        (csv += each.name) += ',';
    csv.back() = '\n';
    for (measurement const& row : what.measurements) {
        for (auto const& each : fields)
            (csv += quoted(cell(each.get(row)))) += ',';
        csv.back() = '\n';
    }
    return csv;
}

}  // namespace quartet::measure
