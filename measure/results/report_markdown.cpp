// measure/results/report_markdown.cpp

#include "measure/results/report_markdown.hpp"

#include "measure/results/fields.hpp"
#include "measure/results/plain_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <span>

namespace quartet::measure {
namespace {

std::string bytes_for_people(double bytes) {
    constexpr std::array names{"bytes", "KiB", "MiB", "GiB", "TiB"};
    std::size_t step = 0;
    while (bytes >= 1024 && step + 1 < names.size())
        bytes /= 1024, ++step;
    return step == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", bytes, names[step]);
}

/// Text that a cell of a table cannot mistake for structure.
std::string escaped(std::string_view text) {
    constexpr std::string_view special = "|\\<>*_`[]&~$";
    std::string result;
    for (char const each : plain_text(shortened(text, most_text_shown))) {
        if (special.find(each) != special.npos) result += '\\';
        result += each;
    }
    return result;
}

std::string cell(json const& value, unit unit);

std::string joined(json const& values, unit unit, std::string_view separator) {
    std::string result;
    for (auto const& [key, value] : values.items()) {
        if (!result.empty()) result += separator;
        if (values.is_object()) result += escaped(key) + " = ";
        result += cell(value, unit);
    }
    return result;
}

std::string cell(json const& value, unit unit) {
    if (value.is_null()) return "";
    if (value.is_string()) return escaped(value.get<std::string>());
    if (value.is_object()) return joined(value, unit::none, ", ");
    if (value.is_array()) return joined(value, unit, "<br>");
    if (unit == unit::bytes) return bytes_for_people(value);
    if (value.is_number_float())
        return fmt::format("{:.4g}{}", value.get<double>(), unit == unit::seconds ? " s" : "");
    return value.dump();
}

template <class Record>
void write_list(std::string& out, Record const& record) {
    for (auto const& each : fields_of<Record>()) {
        auto const text = cell(each.get(record), each.unit);
        if (!text.empty()) fmt::format_to(std::back_inserter(out), "- {}: {}\n", escaped(each.name), text);
    }
}

/// The measurements from `begin` on that are of the same workload.
std::span<measurement const> of_one_workload(std::span<measurement const> rest) {
    std::size_t count = 1;
    while (count < rest.size() && rest[count].workload == rest[0].workload)
        ++count;
    return rest.first(count);
}

/// A line of a table; `cell_of` makes a cell for each column.
template <class CellOf>
void write_row(std::string& out, std::string_view head, std::span<measurement const> columns,
               CellOf cell_of) {
    fmt::format_to(std::back_inserter(out), "| {} |", head);
    for (measurement const& each : columns)
        fmt::format_to(std::back_inserter(out), " {} |", cell_of(each));
    out += '\n';
}

void write_table(std::string& out, std::span<measurement const> columns) {
    fmt::format_to(std::back_inserter(out), "\n## {}\n\n", escaped(columns[0].workload));
    write_row(out, "", columns, [](measurement const& each) { return escaped(each.spec); });
    write_row(out, "---", columns, [](measurement const&) { return "---"; });
    for (auto const& row : fields_of<measurement>()) {
        auto const has = [&](measurement const& each) { return !cell(row.get(each), row.unit).empty(); };
        if (!row.in_tables() || (row.added_later && std::ranges::none_of(columns, has))) continue;
        write_row(out, escaped(row.name), columns,
                  [&](measurement const& each) { return cell(row.get(each), row.unit); });
    }
}

/// A value that may be absent.
template <class Value>
std::string cell_of(std::optional<Value> const& value, unit unit) {
    return value ? cell(json(*value), unit) : "";
}

/// Command lines are many, and have few figures: a line each. Ratios are those of medians.
void write_command_table(std::string& out, std::span<measurement const> rows) {
    double fastest = 0;
    bool counted = false;
    for (auto const& each : rows) {
        double const median = each.wall_seconds.median;
        if (median > 0 && (fastest == 0 || median < fastest)) fastest = median;
        counted = counted || each.counters.instructions;
    }
    fmt::format_to(std::back_inserter(out), "\n## {}\n\n", escaped(rows[0].workload));
    out += "| command | time | interval | ratio | user | system | memory |";
    out += counted ? " instructions |\n" : "\n";
    out += "| --- | ---: | ---: | ---: | ---: | ---: | ---: |";
    out += counted ? " ---: |\n" : "\n";
    for (auto const& each : rows) {
        auto const& wall = each.wall_seconds;
        bool const timed = wall.median > 0;
        auto const seconds = [](double of) { return cell(json(of), unit::seconds); };
        fmt::format_to(std::back_inserter(out), "| {} | {} | {} | {} | {} | {} | {} |", escaped(each.spec),
                       timed ? seconds(wall.median) : "failed",
                       timed ? fmt::format("{} to {}", seconds(wall.low), seconds(wall.high)) : "",
                       timed ? fmt::format("{:.2f}", wall.median / fastest) : "",
                       cell_of(each.cpu_user_seconds, unit::seconds),
                       cell_of(each.cpu_system_seconds, unit::seconds),
                       cell_of(each.tree_peak_bytes, unit::bytes));
        if (counted)
            fmt::format_to(std::back_inserter(out), " {} |", cell_of(each.counters.instructions, unit::none));
        out += '\n';
    }
    for (auto const& each : rows) {
        if (!each.verification.empty())
            fmt::format_to(std::back_inserter(out), "\n{}: {}\n", escaped(each.spec),
                           escaped(each.verification));
        for (auto const& warning : each.warnings)
            fmt::format_to(std::back_inserter(out), "\n{}: {}\n", escaped(each.spec), escaped(warning));
    }
}

}  // namespace

std::string to_markdown(results const& what) {
    std::string out = fmt::format("# Results of quartet {}\n\n", escaped(what.quartet));
    write_list(out, what.machine);
    write_list(out, what.settings);
    write_list(out, what.conditions);
    for (std::span<measurement const> rest = what.measurements; !rest.empty();) {
        auto const columns = of_one_workload(rest);
        if (columns[0].model == command_model) {
            write_command_table(out, columns);
        } else {
            write_table(out, columns);
        }
        rest = rest.subspan(columns.size());
    }
    return out;
}

}  // namespace quartet::measure
