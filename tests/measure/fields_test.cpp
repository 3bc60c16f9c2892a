// tests/measure/fields_test.cpp
//
// The schema that ships and the CSV header follow from the list of fields.

#include "measure/results/fields.hpp"

#include "measure/results/report_csv.hpp"
#include "measure/results/schema.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace quartet::measure::fields_test {
namespace {

std::string schema_that_ships() {
    std::ifstream file(QUARTET_RESULTS_SCHEMA);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

// QUARTET_ACCEPT=1 writes what the fields make of it.
TEST(fields, the_schema_that_ships_is_made_of_them) {
    if (std::getenv("QUARTET_ACCEPT")) std::ofstream(QUARTET_RESULTS_SCHEMA) << results_schema_text();
    EXPECT_EQ(schema_that_ships(), results_schema_text())
        << QUARTET_RESULTS_SCHEMA " (QUARTET_ACCEPT=1 accepts the change)";
}

TEST(fields, the_csv_header_is_the_list) {
    std::string names;
    for (auto const& each : fields_of<measurement>())
        names += each.in_tables() ? std::string(each.name) + ',' : "";
    names.back() = '\n';
    EXPECT_EQ(to_csv({}), names);
}

TEST(fields, each_has_an_explanation_and_a_unit_that_its_name_tells) {
    for (auto const& each : fields_of<measurement>()) {
        EXPECT_FALSE(each.help.empty()) << each.name;
        bool const in_seconds =
            each.name.find("_seconds") != std::string_view::npos && !each.name.ends_with(".confidence");
        EXPECT_EQ(each.unit == unit::seconds, in_seconds) << each.name;
        EXPECT_EQ(each.unit == unit::bytes, each.name.ends_with("_bytes")) << each.name;
    }
}

}  // namespace quartet::measure::fields_test
