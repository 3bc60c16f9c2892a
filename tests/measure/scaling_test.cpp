// tests/measure/scaling_test.cpp

#include "measure/analysis/scaling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

namespace quartet::measure::scaling_test {

using testing::HasSubstr;

namespace {

class a_sweep : public testing::Test {
protected:
    void add(std::size_t count, double seconds) {
        auto& made = kept_.emplace_back(
            measurement{.workload = "w", .spec = "threads:" + std::to_string(count), .tasks = 100});
        for (std::uint64_t round = 1; round <= 9; ++round)
            made.trials.push_back(
                {.round = round, .wall_seconds = seconds * (1 + 0.0001 * static_cast<double>(round))});
        made.wall_seconds = {seconds, 0.9 * seconds, 1.25 * seconds, 0.96};
        sweep_.push_back({count, &made});
    }
    scaling_curve curve() const { return curve_of(sweep_, "threads", "workers", 0.03); }

    std::deque<measurement> kept_;
    std::vector<counted_measurement> sweep_;
};

}  // namespace

TEST_F(a_sweep, becomes_throughput) {
    add(1, 10);
    add(2, 5);
    auto const found = curve();
    EXPECT_EQ(found.workload, "w");
    EXPECT_EQ(found.axis, "workers");
    ASSERT_EQ(found.counts.size(), 2u);
    EXPECT_EQ(found.counts[1].spec, "threads:2");
    EXPECT_DOUBLE_EQ(found.counts[1].tasks_per_second, 20);
    EXPECT_DOUBLE_EQ(found.counts[1].low, 16);
    EXPECT_DOUBLE_EQ(found.counts[1].high, 100 / 4.5);
}

TEST_F(a_sweep, has_a_law_from_five_counts_on) {
    for (std::size_t const n : {1u, 2u, 4u, 8u})
        add(n, 10.0 / static_cast<double>(n));
    EXPECT_FALSE(curve().lambda);
    EXPECT_EQ(curve().no_law, "a law takes 5 counts that ran well, not 4");
    EXPECT_FALSE(curve().counts[0].fitted);
    add(16, 10.0 / 16);
    auto const found = curve();
    EXPECT_EQ(found.no_law, "");
    EXPECT_NEAR(found.lambda.value(), 10, 1e-3);
    EXPECT_NEAR(found.sigma.value(), 0, 1e-6);
    EXPECT_FALSE(found.knee);
    EXPECT_NEAR(found.counts[4].fitted.value(), 160, 0.01);
    EXPECT_LE(found.counts[4].band_low.value(), found.counts[4].fitted.value());
}

TEST_F(a_sweep, is_best_with_the_fewest_of_those_that_are_level) {
    add(1, 10);
    add(2, 5);
    add(4, 2.01);
    add(8, 2);
    add(16, 2.02);
    EXPECT_EQ(curve().best, 4u);
}

TEST_F(a_sweep, goes_on_without_what_failed) {
    for (std::size_t const n : {1u, 2u, 4u, 8u, 16u})
        add(n, 10.0 / static_cast<double>(n));
    kept_[4].failed = 3;
    auto const found = curve();
    EXPECT_EQ(found.counts[4].tasks_per_second, 0);
    EXPECT_EQ(found.best, 8u);
    EXPECT_THAT(found.no_law, HasSubstr("not 4"));
    for (auto& each : kept_)
        each.failed = 1;
    EXPECT_FALSE(curve().best);
}

}  // namespace quartet::measure::scaling_test
