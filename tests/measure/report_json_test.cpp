// tests/measure/report_json_test.cpp

#include "measure/report_json.hpp"

#include "tests/measure/sample_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <limits>
#include <stdexcept>

using namespace quartet::measure;
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
    EXPECT_EQ(document["schema"], "quartet/results/1");
    EXPECT_EQ(document["quartet"], "0.1.0");
    auto const& fetch = document["results"][1];
    EXPECT_EQ(fetch["workload"], "fetch");
    EXPECT_EQ(fetch["wall_seconds"]["median"], 1.25);
    EXPECT_EQ(fetch["wall_seconds"]["samples"], (std::vector{1.5, 1.0, 1.25}));
    EXPECT_EQ(fetch["heap_peak_bytes"], 3 * 1024 * 1024);
    EXPECT_EQ(fetch["laps"][1]["tasks"], 100);
    EXPECT_EQ(document["settings"]["parameters"]["sleep.scale"], "0.1");
}

TEST(report_json, absent_figures_are_null_and_not_left_out) {
    auto const sleep = sample()["results"][0];
    for (char const* name : {"cpu_user_seconds", "heap_peak_bytes", "tree_peak_method", "context_switches"}) {
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
    EXPECT_THAT(reading(missing), ThrowsMessage<std::invalid_argument>(HasSubstr("in /results/1: checksum")));

    auto wrong_type = sample();
    wrong_type["results"][0]["wall_seconds"]["median"] = "fast";
    EXPECT_THAT(reading(wrong_type),
                ThrowsMessage<std::invalid_argument>(HasSubstr("in /results/0: wall_seconds.median")));

    auto no_machine = sample();
    no_machine.erase("machine");
    EXPECT_THAT(reading(no_machine), ThrowsMessage<std::invalid_argument>(HasSubstr("/machine is missing")));

    auto bad_lap = sample();
    bad_lap["results"][1]["laps"][0].erase("tasks");
    EXPECT_THAT(reading(bad_lap), ThrowsMessage<std::invalid_argument>(HasSubstr("in /results/1: ")));
}

TEST(report_json, what_is_no_results_document_is_refused_in_a_sentence) {
    auto other = sample();
    other["schema"] = "quartet/results/2";
    EXPECT_THAT(reading(other), ThrowsMessage<std::invalid_argument>(HasSubstr("quartet/results/2")));
    EXPECT_THAT([] { results_from_json("{"); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("not a results document")));
    for (auto const* text : {"[]", "3", "null", "\"quartet/results/1\"", "{}"})
        EXPECT_THAT([&] { results_from_json(text); },
                    ThrowsMessage<std::invalid_argument>(HasSubstr("not a results document")))
            << text;
}
