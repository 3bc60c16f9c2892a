// tests/measure/task_courses_test.cpp

#include "measure/analysis/task_courses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace quartet::measure::task_courses_test {

using testing::ElementsAre;

namespace {

using pairs = std::vector<std::pair<std::int64_t, std::int64_t>>;

std::vector<pairs> as_pairs(std::vector<std::vector<time_span>> const& of) {
    std::vector<pairs> made;
    for (auto const& each : of) {
        made.emplace_back();
        for (auto const& span : each)
            made.back().emplace_back(span.from, span.to);
    }
    return made;
}

/// Two tasks; the first has made two calls, which waited beside it.
task_table two_tasks() {
    return {.started = {0, 0},
            .finished = {100, 100},
            .wait_task = {0, 1, 0, 0, 0},
            .wait_began = {50, 5, 10, 15, 40},
            .wait_ended = {60, 6, 20, 30, 52},
            .wait_nested = {0, 0, 1, 2, 2},
            .nested_task = {0, 0},
            .nested_parent = {0, 1},
            .nested_worker = {0, 1},
            .nested_made = {1, 2},
            .nested_started = {2, 3},
            .nested_finished = {90, 80}};
}

}  // namespace

TEST(waits, of_a_task_are_those_of_its_own_body) {
    EXPECT_THAT(as_pairs(waits_of_tasks(two_tasks())), ElementsAre(pairs{{50, 60}}, pairs{{5, 6}}));
}

TEST(waits, of_a_call_are_its_own) {
    EXPECT_THAT(as_pairs(waits_of_calls(two_tasks())),
                ElementsAre(pairs{{10, 20}}, pairs{{15, 30}, {40, 52}}));
}

TEST(waits, of_a_whole_task_are_joined_with_those_of_its_calls) {
    EXPECT_THAT(as_pairs(waits_of_whole_tasks(two_tasks())),
                ElementsAre(pairs{{10, 30}, {40, 60}}, pairs{{5, 6}}));
}

TEST(waits, of_results_without_calls_are_the_tasks) {
    auto old = two_tasks();
    old.wait_nested.clear();
    EXPECT_EQ(as_pairs(waits_of_tasks(old)), as_pairs(waits_of_whole_tasks(old)));
}

TEST(running_parts, lie_between_waits) {
    EXPECT_THAT(as_pairs({running_parts({0, 10}, {{0, 2}, {5, 6}, {8, 10}})}),
                ElementsAre(pairs{{2, 5}, {6, 8}}));
}

}  // namespace quartet::measure::task_courses_test
