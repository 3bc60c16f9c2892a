// tests/measure/fields_test.cpp
//
// The list of fields, the schema that ships and the CSV header are three statements of one thing.

#include "measure/results/fields.hpp"

#include "measure/results/report_csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

using namespace quartet::measure;

namespace {

json schema() {
    std::ifstream file(QUARTET_RESULTS_SCHEMA);
    return json::parse(file);
}

/// The names at the top: "wall_seconds" for wall_seconds.median and wall_seconds.low. Files of older versions
/// lack some of them.
template <class Record>
std::vector<std::string> members(std::span<field<Record> const> fields, bool of_old_files = false) {
    std::vector<std::string> names;
    for (auto const& each : fields) {
        if (!each.in_json() || (of_old_files && each.added_later)) continue;
        std::string const name(each.name.substr(0, each.name.find('.')));
        if (names.empty() || names.back() != name) names.push_back(name);
    }
    return names;
}

template <class Record>
void expect_agreement(json const& object, std::span<field<Record> const> fields) {
    EXPECT_EQ(object["required"].get<std::vector<std::string>>(), members(fields, true));
    std::vector<std::string> described;
    for (auto const& [name, value] : object["properties"].items())
        described.push_back(name);
    EXPECT_EQ(described, members(fields));
}

}  // namespace

TEST(fields, the_schema_requires_and_describes_exactly_them) {
    json const document = schema();
    json const& of_measurement = document["$defs"]["measurement"];
    expect_agreement(of_measurement, measurement_fields());
    json const& parts = of_measurement["properties"];
    expect_agreement(parts["laps"]["items"], lap_fields());
    expect_agreement(parts["workers"]["items"], worker_fields());
    expect_agreement(parts["trials"]["items"], trial_fields());
    expect_agreement(parts["records"], task_table_fields());
    expect_agreement(parts["usage"], usage_table_fields());
    expect_agreement(document["$defs"]["curve"], scaling_curve_fields());
    expect_agreement(document["$defs"]["curve"]["properties"]["counts"]["items"], scaling_count_fields());
    expect_agreement(document["properties"]["machine"], machine_fields());
    expect_agreement(document["properties"]["settings"], settings_fields());
    expect_agreement(document["properties"]["conditions"], conditions_fields());
    EXPECT_EQ(document["properties"]["schema"]["const"], results_schema);
    EXPECT_EQ(of_measurement["properties"]["failures"]["maxItems"], most_failures_kept);
}

TEST(fields, the_members_of_wall_seconds_are_those_of_the_schema) {
    json const wall = schema()["$defs"]["measurement"]["properties"]["wall_seconds"];
    EXPECT_EQ(wall["required"], (json{"median", "low", "high", "confidence"}));
}

TEST(fields, the_csv_header_is_the_list) {
    std::string names;
    for (auto const& each : measurement_fields())
        names += each.in_tables() ? std::string(each.name) + ',' : "";
    names.back() = '\n';
    EXPECT_EQ(to_csv({}), names);
}

TEST(fields, each_has_an_explanation_and_a_unit_that_its_name_tells) {
    for (auto const& each : measurement_fields()) {
        EXPECT_FALSE(each.help.empty()) << each.name;
        bool const in_seconds =
            each.name.find("_seconds") != std::string_view::npos && !each.name.ends_with(".confidence");
        EXPECT_EQ(each.unit == unit::seconds, in_seconds) << each.name;
        EXPECT_EQ(each.unit == unit::bytes, each.name.ends_with("_bytes")) << each.name;
    }
}
