// tests/measure/stopping_test.cpp

#include "measure/trial/stopping.hpp"

#include "measure/statistics/ranking.hpp"
#include "timed.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace quartet::measure::stopping_test {

using quartet::test::views_of;
using testing::ElementsAre;

std::vector<measurement> timed(std::vector<std::vector<double>> const& walls) {
    std::vector<measurement> all;
    for (auto const& each : walls)
        all.push_back(quartet::test::timed(each));
    return all;
}

bool precise(std::vector<std::vector<double>> const& walls, double precision) {
    return is_precise(views_of(timed(walls)), precision);
}

TEST(interim_analyses, are_few_and_fixed) {
    EXPECT_THAT(interim_analyses(2, 100), ElementsAre(6, 9, 14, 21, 32, 48, 72, 100));
    EXPECT_THAT(interim_analyses(4, 7), ElementsAre(7));
    EXPECT_THAT(interim_analyses(4, 3), ElementsAre(3));
    EXPECT_EQ(interim_analyses(4, 10'000).size(), 10u);
    EXPECT_EQ(interim_analyses(4, 10'000).back(), 10'000u);
}

TEST(is_precise, by_the_interval_of_leader_and_runner_up) {
    std::vector<double> const even(6, 1.0);
    std::vector<double> const slow(6, 2.0);
    std::vector<double> const uneven{1.1, 1.5, 1.2, 1.4, 1.3, 1.15};
    EXPECT_TRUE(precise({even, slow}, 0.02));
    EXPECT_FALSE(precise({even, uneven}, 0.02));
    EXPECT_TRUE(precise({uneven, even}, 0.5));
    EXPECT_TRUE(
        precise({std::vector<double>(7, 1.0), std::vector<double>(7, 2.0), {9, 4, 9, 5, 30, 7, 8}}, 0.02))
        << "how uneven those behind are does not matter";
}

TEST(is_precise, takes_rounds_enough_for_the_confidence) {
    EXPECT_FALSE(precise({std::vector<double>(5, 1.0), std::vector<double>(5, 2.0)}, 0.02));
    EXPECT_FALSE(precise(
        {std::vector<double>(6, 1.0), std::vector<double>(6, 2.0), std::vector<double>(6, 3.0)}, 0.02))
        << "three configurations take seven";
}

TEST(is_precise, of_one_configuration_by_its_own_interval) {
    EXPECT_TRUE(precise({{1, 1.01, 1, 1, 1, 1}}, 0.02));
    EXPECT_FALSE(precise({{1, 1.05, 1, 1, 1, 1}}, 0.02));
    EXPECT_FALSE(precise({{1, 1, 1}}, 0.02));
}

TEST(is_precise, where_nothing_runs_more_rounds_are_no_use) {
    measurement const failed;
    EXPECT_TRUE(is_precise({&failed}, 0.02));
}

// Stopping early must not make differences out of nothing: two thousand simulated runs of equal
// configurations, each stopped at the first interim analysis that finds it precise.
TEST(stopping_by_precision, calls_equal_configurations_different_as_seldom_as_without) {
    std::mt19937_64 random(11);
    std::lognormal_distribution<> times(0, 0.04);
    for (std::size_t const configurations : {2u, 4u}) {
        constexpr int runs = 2000;
        int wrong = 0;
        int early = 0;
        auto const plan = interim_analyses(configurations, 60);
        for (int run = 0; run < runs; ++run) {
            std::vector<std::vector<double>> walls(configurations);
            for (std::size_t const analysis : plan) {
                for (auto& each : walls) {
                    while (each.size() < analysis)
                        each.push_back(times(random));
                }
                if (!precise(walls, 0.07)) continue;
                early += analysis < plan.back();
                break;
            }
            auto const measured = timed(walls);
            auto const order = rank(views_of(measured), usual_margin);
            wrong += std::ranges::count(order, standing::behind, &placing::stands) > 0;
        }
        RecordProperty(fmt::format("different_of_{}_with_{}_configurations", runs, configurations), wrong);
        EXPECT_LT(wrong, runs * 5 / 100) << configurations;
        EXPECT_GT(early, runs / 4) << "the rule was put to use";
    }
}

}  // namespace quartet::measure::stopping_test
