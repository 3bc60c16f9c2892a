// tests/measure/tally_test.cpp

#include "measure/trial/tally.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace quartet::measure::tally_test {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

workload const some{.name = "some", .help = "", .run = [](workload_run&) {}};

trial_result result_of(double wall, std::size_t tasks = 3) {
    trial_result made;
    made.tasks = tasks;
    made.checksum = "c";
    made.figures.wall_seconds = wall;
    made.records.tasks_seen = tasks;
    for (std::size_t i = 0; i < tasks; ++i) {
        auto const start = static_cast<std::int64_t>(i) * 1000;
        made.records.call.push_back(0);
        made.records.index.push_back(i);
        made.records.worker.push_back(0);
        made.records.queued.push_back(0);
        made.records.started.push_back(start);
        made.records.finished.push_back(start + 500);
    }
    made.laps = {{.name = "lap", .tasks = tasks, .wall_seconds = wall / 2}};
    return made;
}

class a_tally : public testing::Test {
protected:
    void add(std::uint64_t round, double wall, std::size_t tasks = 3) {
        auto const from = result_of(wall, tasks);
        auto figures = from.figures;
        figures.round = round;
        figures.disturbed = disturbed_;
        tally_.add(from, figures, "pss");
    }
    measurement after(std::vector<double> const& walls) {
        for (std::size_t i = 0; i < walls.size(); ++i)
            add(i + 1, walls[i]);
        return tally_.make(1);
    }

    tally tally_{some, parse_spec("threads:2")};
    bool disturbed_ = false;
};

}  // namespace

TEST_F(a_tally, of_nothing_is_a_name) {
    auto const made = tally_.make(1);
    EXPECT_EQ(made.workload, "some");
    EXPECT_EQ(made.spec, "threads:2");
    EXPECT_EQ(made.model, "threads");
    EXPECT_EQ(made.wall_seconds.median, 0);
    EXPECT_FALSE(made.cpu_user_seconds);
}

TEST_F(a_tally, keeps_warm_ups_but_does_not_count_them) {
    add(0, 100);
    auto const made = after({2, 1, 3});
    EXPECT_EQ(made.trials.size(), 4u);
    EXPECT_EQ(made.wall_seconds.median, 2);
    EXPECT_EQ(made.wall_seconds.low, 1);
    EXPECT_EQ(made.tasks_per_second, 1.5);
    EXPECT_DOUBLE_EQ(made.service_seconds.max.value(), 500e-9);
    EXPECT_DOUBLE_EQ(made.queue_seconds.max.value(), 2000e-9);
}

TEST_F(a_tally, shows_the_records_of_a_trial_near_the_median) {
    auto const made = after({5, 1, 3, 2.9, 3.1, 9, 3.05});
    EXPECT_EQ(made.records.round, 7u);
    EXPECT_EQ(made.laps[0].wall_seconds, 3.05 / 2);
    EXPECT_THAT(made.records.index, ElementsAre(0, 1, 2));
}

TEST_F(a_tally, thins_out_many_records) {
    add(1, 1, 25'000);
    auto const records = tally_.make(1).records;
    EXPECT_EQ(records.tasks_seen, 25'000u);
    EXPECT_EQ(records.index.size(), 8334u);
    EXPECT_EQ(records.index[1], 3u) << "every third";
    EXPECT_EQ(records.finished[1], 3500);
}

TEST_F(a_tally, keeps_calls_of_the_tasks_that_it_keeps) {
    auto from = result_of(1, 25'000);
    from.figures.round = 1;
    auto& records = from.records;
    records.nested_seen = 7;
    records.nested_task = {2, 2, 3, 3, 3};  // of which every third is kept
    records.nested_parent = {0, 1, 0, 3, 4};
    records.nested_worker = {0, 1, 2, 3, 4};
    records.nested_made = records.nested_started = records.nested_finished = {10, 11, 12, 13, 14};
    records.nested_failed = {0, 4};
    records.wait_task = {2, 3, 3};
    records.wait_nested = {2, 0, 5};
    records.wait_began = records.wait_ended = {1, 2, 3};
    tally_.add(from, from.figures, "pss");
    auto const kept = tally_.make(1).records;
    EXPECT_EQ(kept.nested_seen, 7u);
    EXPECT_THAT(kept.nested_task, ElementsAre(1, 1, 1));
    EXPECT_THAT(kept.nested_parent, ElementsAre(0, 1, 2));
    EXPECT_THAT(kept.nested_worker, ElementsAre(2, 3, 4));
    EXPECT_THAT(kept.nested_started, ElementsAre(12, 13, 14));
    EXPECT_THAT(kept.nested_failed, ElementsAre(2));
    EXPECT_THAT(kept.wait_task, ElementsAre(1, 1));
    EXPECT_THAT(kept.wait_nested, ElementsAre(0, 3));
}

TEST_F(a_tally, knows_percentiles_of_enough_tasks) {
    auto const few = after({1, 1});  // six tasks
    EXPECT_TRUE(few.service_seconds.p50);
    EXPECT_FALSE(few.service_seconds.p90);
    add(3, 1, 30);
    EXPECT_TRUE(tally_.make(1).service_seconds.p90);
    EXPECT_FALSE(tally_.make(1).service_seconds.p99);
}

TEST_F(a_tally, points_at_outliers_and_keeps_them) {
    auto const made = after({1, 1.01, 0.99, 1, 1.5, 1.01, 1});
    EXPECT_TRUE(made.trials[4].outlier);
    EXPECT_EQ(std::ranges::count_if(made.trials, &trial_figures::outlier), 1);
    EXPECT_EQ(rounds_of(made), 7u);
}

TEST_F(a_tally, notices_drift) {
    EXPECT_THAT(after({1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7}).warnings,
                Contains(HasSubstr("times rise from round to round, +35 % from the first half")));
}

TEST_F(a_tally, notices_two_peaks) {
    std::vector<double> walls;
    for (int i = 0; i < 20; ++i)
        walls.push_back((i * 7 % 10 < 5 ? 1.0 : 2.0) + 0.001 * i);
    EXPECT_THAT(after(walls).warnings, ElementsAre(HasSubstr("more than one peak")))
        << "a drift of 0.7 % is none";
}

TEST_F(a_tally, counts_disturbed_rounds) {
    add(1, 1);
    disturbed_ = true;
    add(2, 1);
    EXPECT_THAT(
        tally_.make(1).warnings,
        ElementsAre("other programs or machines took more than 5 % of the processors in 1 of 2 rounds"));
}

TEST(pooled_times, stay_few_and_keep_the_greatest) {
    pooled_times pooled;
    for (int i = 0; i < 3'000'000; ++i)
        pooled.add(i == 1'999'999 ? 5e6 : i % 1000);
    auto const found = pooled.summarize();
    EXPECT_NEAR(found.p50.value(), 500, 2);
    EXPECT_NEAR(found.p99.value(), 990, 2);
    EXPECT_EQ(found.max, 5e6);
}

TEST_F(a_tally, keeps_of_what_was_used_only_what_was_while_the_clock_ran) {
    add(1, 1.0);
    tally_.take_pictures(result_of(0.5),
                         {.seconds = {0.1, 0.5, 0.6}, .memory_bytes = {10, 20, 5}, .cpu_seconds = {1, 2, 3}});
    auto const kept = tally_.make(1).usage;
    EXPECT_THAT(kept.seconds, ElementsAre(0.1, 0.5));
    EXPECT_THAT(kept.memory_bytes, ElementsAre(10u, 20u));
    EXPECT_THAT(kept.cpu_seconds, ElementsAre(1, 2));
}

}  // namespace quartet::measure::tally_test
