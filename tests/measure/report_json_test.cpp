// tests/measure/report_json_test.cpp

#include "measure/results/report_json.hpp"

#include "tests/measure/sample_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace quartet::measure::report_json_test {

using quartet::test::sample_results;
using testing::HasSubstr;
using testing::ThrowsMessage;

namespace {

nlohmann::ordered_json sample() {
    return nlohmann::ordered_json::parse(to_json(sample_results()));
}

auto reading(nlohmann::ordered_json const& document) {
    return [text = document.dump()] { results_from_json(text); };
}

}  // namespace

TEST(report_json, what_is_written_reads_back_equal) {
    EXPECT_EQ(results_from_json(to_json(sample_results())), sample_results());
}

TEST(report_json, has_the_members_that_programs_rely_on) {
    auto const document = sample();
    EXPECT_EQ(document["schema"], "quartet/results/2");
    EXPECT_EQ(document["quartet"], "0.1.0");
    auto const& fetch = document["results"][1];
    EXPECT_EQ(fetch["workload"], "fetch");
    EXPECT_EQ(fetch["wall_seconds"]["median"], 1.25);
    EXPECT_EQ(fetch["wall_seconds"]["high"], 1.5);
    EXPECT_EQ(fetch["trials"][1]["wall_seconds"], 1.5);
    EXPECT_EQ(fetch["records"]["started"], (std::vector{20, 30}));
    EXPECT_EQ(fetch["heap_peak_bytes"], 3 * 1024 * 1024);
    EXPECT_EQ(fetch["laps"][1]["tasks"], 100);
    EXPECT_EQ(document["settings"]["parameters"]["sleep.scale"], "0.1");
}

TEST(report_json, absent_figures_are_null_and_not_left_out) {
    auto const sleep = sample()["results"][0];
    for (char const* name :
         {"cpu_user_seconds", "heap_peak_bytes", "tree_peak_method", "minor_faults", "tasks_per_second"}) {
        ASSERT_TRUE(sleep.contains(name)) << name;
        EXPECT_TRUE(sleep[name].is_null()) << name;
    }
}

TEST(report_json, bytes_that_are_no_text_do_not_stop_it) {
    auto what = sample_results();
    what.measurements[1].failures = {"\xff\xfe"};
    EXPECT_EQ(results_from_json(to_json(what)).measurements[1].failures[0], "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(report_json, members_of_a_later_version_are_passed_over) {
    auto document = sample();
    document["results"][0]["energy_joules"] = 5;
    EXPECT_EQ(results_from_json(document.dump()), sample_results());
}

TEST(report_json, an_error_names_the_place) {
    auto missing = sample();
    missing["results"][1].erase("checksum");
    EXPECT_THAT(reading(missing),
                ThrowsMessage<std::invalid_argument>(HasSubstr("/results/1/checksum is missing")));

    auto wrong_type = sample();
    wrong_type["results"][0]["wall_seconds"]["median"] = "fast";
    EXPECT_THAT(reading(wrong_type),
                ThrowsMessage<std::invalid_argument>(HasSubstr("/results/0/wall_seconds/median: string")));

    auto no_machine = sample();
    no_machine.erase("machine");
    EXPECT_THAT(reading(no_machine), ThrowsMessage<std::invalid_argument>(HasSubstr("/machine is missing")));

    auto bad_lap = sample();
    bad_lap["results"][1]["laps"][0].erase("tasks");
    EXPECT_THAT(reading(bad_lap),
                ThrowsMessage<std::invalid_argument>(HasSubstr("/results/1/laps/0/tasks is missing")));
}

TEST(report_json, what_is_no_results_document_is_refused_in_a_sentence) {
    auto other = sample();
    other["schema"] = "quartet/results/3";
    EXPECT_THAT(reading(other), ThrowsMessage<std::invalid_argument>(HasSubstr("quartet/results/3")));
    EXPECT_THAT([] { results_from_json("{"); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("not a results document")));
    for (auto const* text : {"[]", "3", "null", "\"quartet/results/2\"", "{}"})
        EXPECT_THAT([&] { results_from_json(text); },
                    ThrowsMessage<std::invalid_argument>(HasSubstr("not a results document")))
            << text;
}

// Values that nlohmann's own conversions would take, and make something else of.
TEST(report_json, a_value_is_taken_only_for_what_it_is) {
    auto const with = [](char const* place, nlohmann::ordered_json value) {
        auto document = sample();
        document[nlohmann::ordered_json::json_pointer(place)] = std::move(value);
        return reading(document);
    };
    auto const refuses = [](char const* text) {
        return ThrowsMessage<std::invalid_argument>(HasSubstr(text));
    };
    EXPECT_THAT(with("/results/0/tasks", -1),
                refuses("tasks: number where an integer of 0 or more should be"));
    EXPECT_THAT(with("/results/0/tasks", 1.5), refuses("tasks"));
    EXPECT_THAT(with("/results/0/tasks", true), refuses("tasks: boolean"));
    EXPECT_THAT(with("/results/0/wall_seconds/median", -1.0), refuses("a number below 0"));
    EXPECT_THAT(with("/results/0/wall_seconds/median", false), refuses("/wall_seconds/median: boolean"));
    EXPECT_THAT(with("/results/0/spec", 5), refuses("spec: number where a text should be"));
    EXPECT_THAT(with("/results/0/failures", "none"), refuses("failures: string where an array should be"));
    EXPECT_THAT(with("/results/1/records/started", {1}), refuses("columns of different lengths"));
    EXPECT_THAT(with("/results/1/trials/0/outlier", 1), refuses("/results/1/trials/0/outlier: number"));
    EXPECT_THAT(with("/settings/parameters", {{"a", 1}}), refuses("/parameters: number"));
    EXPECT_THAT(with("/results/0", 7), refuses("/results/0/workload is missing"));
    EXPECT_THAT(with("/machine", {1, 2}), refuses("/machine/cpu_model is missing"));
    EXPECT_THAT(with("/results", {{"a", 1}}), refuses("/results: object where an array should be"));
}

TEST(report_json, what_is_too_large_for_a_number_is_refused) {
    EXPECT_THAT([] { results_from_json("{\"schema\": 1e999}"); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("not a results document: number overflow")));
}

TEST(report_json, what_nests_deeply_is_refused_before_it_takes_memory) {
    EXPECT_THAT([] { results_from_json(std::string(50'000'000, '[')); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("it nests too deeply")));
}

TEST(report_json, every_truncation_is_refused) {
    auto const whole = to_json(sample_results());
    for (std::size_t length = 0; length + 2 < whole.size(); length += 7)
        EXPECT_THROW(results_from_json(whole.substr(0, length)), std::invalid_argument) << length;
}

TEST(report_json, numbers_and_records_stand_on_one_line) {
    auto const text = to_json(sample_results());
    EXPECT_THAT(text, HasSubstr("\n        \"started\": [20,30],\n"));
    EXPECT_THAT(text, HasSubstr("\n        {\"name\":\"all\",\"tasks\":100,\"wall_seconds\":1.25}\n"));
    EXPECT_THAT(text, HasSubstr("\n    \"warnings\": [\"other programs used 6 % of the processors\"]\n"));
}

class read_results_of : public testing::Test {
protected:
    static std::string write(std::string const& text) {
        auto const file = testing::TempDir() + "quartet-report-json-test.json";
        std::ofstream(file, std::ios::binary) << text;
        return file;
    }
};

TEST_F(read_results_of, a_file) {
    EXPECT_EQ(read_results(write(to_json(sample_results()))), sample_results());
}

TEST_F(read_results_of, a_file_that_is_none_says_which) {
    auto const file = write("rubbish");
    EXPECT_THAT([&] { read_results(file); },
                ThrowsMessage<std::invalid_argument>(HasSubstr(file + ": not a results document: ")));
    EXPECT_THAT([] { read_results("/nowhere/r.json"); },
                ThrowsMessage<std::invalid_argument>("/nowhere/r.json: No such file or directory"));
    EXPECT_THAT([] { read_results("/tmp"); }, ThrowsMessage<std::invalid_argument>("/tmp: Is a directory"));
}

}  // namespace quartet::measure::report_json_test
