#include "free_machine.hpp"

#include <quartet/spec.hpp>
#include <quartet/workload/advice.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace quartet::advise_test {
namespace {

using testing::HasSubstr;

std::string choice(work_shape const& work, machine_costs const& costs, advice_limits const& limits = {}) {
    return family_name(advise(work, costs, limits).choice.spec);
}

// The rules of thumb of the Python study, on a machine of today: what decides is not their words.
TEST(advise, finds_what_suits_each_kind_of_work) {
    auto const machine = usual_costs(2);
    EXPECT_EQ(choice({.tasks = 16, .cpu_seconds = 1}, machine), "threads");
    EXPECT_EQ(choice({.tasks = 10, .cpu_seconds = 1e-6}, machine), "single");
    EXPECT_EQ(choice({.tasks = 10'000, .wait_seconds = 1, .waits_for = wait_kind::sleep}, machine), "async");
}

TEST(advise, under_a_global_lock_computing_takes_processes) {
    EXPECT_EQ(choice({.tasks = 16, .cpu_seconds = 4}, python_costs(2)), "processes");
}

TEST(advise, of_what_takes_as_long_it_takes_the_cheapest) {
    auto machine = free_machine(2);
    machine.threads.worker_bytes = 1e6;
    machine.processes.worker_bytes = 50e6;
    EXPECT_EQ(to_string(advise({.tasks = 100, .cpu_seconds = 0.1}, machine).choice.spec), "threads:2")
        << "more of them would do no better";
    machine.threads.worker_bytes = 500e6;
    EXPECT_EQ(choice({.tasks = 100, .cpu_seconds = 0.1}, machine), "processes");
}

TEST(advise, keeps_to_limits) {
    auto const machine = usual_costs(4);
    work_shape const work{.tasks = 1000, .cpu_seconds = 0.001, .wait_seconds = 0.1, .memory_bytes = 1e6};
    auto const few = advise(work, machine, {.workers = 3});
    for (auto const& each : few.considered)
        EXPECT_LE(each.in_flight, each.spec.loops ? 1000 : 3) << to_string(each.spec);
    auto const small = advise(work, machine, {.memory_bytes = 30e6});
    EXPECT_LE(small.choice.memory_bytes, 30e6);
    EXPECT_GT(small.choice.seconds, advise(work, machine).choice.seconds);
    EXPECT_EQ(choice(work, machine, {.isolate = true}), "processes");
}

TEST(advise, a_deadline_takes_the_cheapest_that_meets_it) {
    auto const machine = usual_costs(4);
    work_shape const work{.tasks = 100, .cpu_seconds = 0.1};
    EXPECT_EQ(choice(work, machine, {.seconds = 60}), "single");
    auto const hopeless = advise(work, machine, {.seconds = 0.1});
    EXPECT_FALSE(hopeless.meets_deadline);
    EXPECT_EQ(hopeless.choice.spec, advise(work, machine).choice.spec);
}

TEST(advise, of_what_cannot_be_told_apart_it_takes_the_cheapest) {
    std::vector<prediction> const measured{
        {.spec = parse_spec("processes:2"), .seconds = 1.00, .memory_bytes = 30e6},
        {.spec = parse_spec("threads:2"), .seconds = 1.06, .memory_bytes = 20e6},
        {.spec = parse_spec("single"), .seconds = 1.90, .memory_bytes = 10e6}};
    auto const costs = usual_costs(2);
    work_shape const work{.tasks = 16, .cpu_seconds = 0.1};
    EXPECT_EQ(to_string(advise_among(measured, work, costs).choice.spec), "processes:2");
    EXPECT_EQ(to_string(advise_among(measured, work, costs, {}, 1.06).choice.spec), "threads:2");
}

TEST(advise, says_when_limits_leave_nothing) {
    try {
        advise({.tasks = 10, .cpu_seconds = 1, .memory_bytes = 100e6}, usual_costs(2), {.memory_bytes = 1e6});
        FAIL() << "nothing was said";
    } catch (std::invalid_argument const& said) {
        EXPECT_THAT(said.what(),
                    HasSubstr("no model gets by with 1 MB of memory; the least that one needs is 106 MB"));
    }
}

TEST(advise, knows_when_the_runner_up_would_win) {
    auto const given = advise({.tasks = 10, .cpu_seconds = 1e-6}, usual_costs(2));
    ASSERT_EQ(family_name(given.choice.spec), "single");
    ASSERT_TRUE(given.runner_up && given.runner_up_wins);
    EXPECT_TRUE(given.runner_up_wins->upwards);
    work_shape beyond{.tasks = 10, .cpu_seconds = 1e-6};
    if (given.runner_up_wins->what == crossing::tasks)
        beyond.tasks = static_cast<std::size_t>(2 * given.runner_up_wins->at);
    else
        beyond.cpu_seconds = 2 * given.runner_up_wins->at;
    EXPECT_NE(choice(beyond, usual_costs(2)), "single");
}

TEST(advise, is_sure_only_where_others_are_far_behind) {
    EXPECT_EQ(advise({.tasks = 16, .cpu_seconds = 4}, usual_costs(2)).how_sure, sureness::even)
        << "processes do the same";
    EXPECT_EQ(advise({.tasks = 10, .cpu_seconds = 1e-6}, usual_costs(2)).how_sure, sureness::sure);
}

TEST(reason, is_two_sentences_about_the_work_and_the_limit) {
    auto const machine = usual_costs(2);
    work_shape const waiting{.tasks = 1000, .cpu_seconds = 0.0001, .wait_seconds = 0.05};
    auto const text = reason(advise(waiting, machine), waiting, machine);
    EXPECT_THAT(
        text,
        HasSubstr(
            "Each task waits for 50 ms and computes for 100 us, so 99 % of its time it needs no processor."));
    EXPECT_EQ(std::ranges::count(text, '.'), 2) << text;
    EXPECT_THAT(reason(advise(waiting, machine), waiting, machine, true),
                HasSubstr("computes for 100 µs, so"));
}

}  // namespace
}  // namespace quartet::advise_test
