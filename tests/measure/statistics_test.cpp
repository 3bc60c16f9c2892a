// tests/measure/statistics_test.cpp

#include "measure/statistics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

using namespace quartet::measure;
using samples = std::vector<double>;

TEST(median, is_in_the_middle) {
    EXPECT_EQ(median(samples{3}), 3);
    EXPECT_EQ(median(samples{4, 1}), 2.5);
    EXPECT_EQ(median(samples{9, 1, 2}), 2);
    EXPECT_EQ(median(samples{9, 1, 2, 4}), 3);
}

TEST(quantile, agrees_with_numpy) {
    samples const x{15, 20, 35, 40, 50};
    EXPECT_EQ(quantile(x, 0), 15);
    EXPECT_EQ(quantile(x, 1), 50);
    EXPECT_DOUBLE_EQ(quantile(x, 0.4), 29);  // numpy.percentile([15, 20, 35, 40, 50], 40)
    EXPECT_DOUBLE_EQ(quantile(x, 0.99), 49.6);
}

TEST(statistics, of_nothing_or_of_nonsense_is_refused) {
    EXPECT_THROW(median({}), std::invalid_argument);
    EXPECT_THROW(median(samples{1, std::numeric_limits<double>::quiet_NaN()}), std::invalid_argument);
    EXPECT_THROW(quantile(samples{1}, 1.5), std::invalid_argument);
    EXPECT_THROW(compare(samples{1, 2}, samples{1}), std::invalid_argument);
    EXPECT_THROW(compare(samples{1, 0}, samples{1, 1}), std::invalid_argument);
    EXPECT_THROW(compare(samples{}, samples{}), std::invalid_argument);
}

TEST(median_interval, of_few_samples_spans_them_all_and_admits_its_confidence) {
    std::pair<samples, double> const cases[] = {
        {{5}, 0}, {{5, 1}, 0.5}, {{5, 1, 3}, 0.75}, {{5, 1, 3, 2}, 0.875}, {{5, 1, 3, 2, 4}, 0.9375}};
    for (auto const& [x, confidence] : cases) {
        auto const found = median_interval(x);
        EXPECT_EQ(found.low, *std::min_element(x.begin(), x.end()));
        EXPECT_EQ(found.high, 5);
        EXPECT_NEAR(found.confidence, confidence, 1e-12) << x.size();
    }
}

// Tables for the sign test: with 6 samples x(1)..x(6) holds the median with 96.9 %, with 10 it is x(2)..x(9)
// with 97.9 %, with 20 x(6)..x(15) with 95.9 %.
TEST(median_interval, takes_the_order_statistics_of_the_tables) {
    auto const first = [](int n) {
        samples x;
        for (int i = 1; i <= n; ++i)
            x.push_back(i);
        return median_interval(x);
    };
    EXPECT_EQ(first(6).low, 1);
    EXPECT_NEAR(first(6).confidence, 0.96875, 1e-12);
    EXPECT_EQ(first(10).low, 2);
    EXPECT_EQ(first(10).high, 9);
    EXPECT_NEAR(first(10).confidence, 0.978516, 1e-6);
    EXPECT_EQ(first(20).low, 6);
    EXPECT_EQ(first(20).high, 15);
    EXPECT_NEAR(first(20).confidence, 0.958611, 1e-6);
}

// The promise itself, on a distribution with a long tail. The seed is fixed, so this is no matter of luck.
TEST(median_interval, holds_the_true_median_as_often_as_it_says) {
    std::mt19937_64 random(1);
    std::lognormal_distribution<double> times(0, 1);  // its median is 1
    for (int const n : {2, 5, 9, 30}) {
        int constexpr trials = 20'000;
        int held = 0;
        double confidence = 0;
        for (int i = 0; i < trials; ++i) {
            samples x(static_cast<std::size_t>(n));
            std::generate(x.begin(), x.end(), [&] { return times(random); });
            auto const found = median_interval(x);
            held += found.low <= 1 && 1 <= found.high;
            confidence = found.confidence;
        }
        EXPECT_NEAR(static_cast<double>(held) / trials, confidence, 0.012) << n;
    }
}

TEST(compare, finds_the_winner_and_inverts_when_the_sides_are_swapped) {
    samples const fast{1.0, 1.1, 0.9, 1.2};
    samples const slow{2.0, 2.4, 1.7, 2.2};
    auto const there = compare(fast, slow);
    auto const back = compare(slow, fast);
    EXPECT_EQ(there.winner, verdict::first_wins);
    EXPECT_EQ(back.winner, verdict::second_wins);
    EXPECT_DOUBLE_EQ(there.ratio, 1 / back.ratio);
    EXPECT_DOUBLE_EQ(there.bounds.low, 1 / back.bounds.high);
    EXPECT_LE(there.bounds.low, there.ratio);
    EXPECT_LE(there.ratio, there.bounds.high);
}

TEST(compare, a_machine_that_slows_down_between_rounds_does_not_hide_the_winner) {
    auto const found = compare(samples{1, 2, 4, 8, 16, 32}, samples{1.1, 2.2, 4.4, 8.8, 17.6, 35.2});
    EXPECT_EQ(found.winner, verdict::first_wins);
    EXPECT_NEAR(found.ratio, 1 / 1.1, 1e-12);
    EXPECT_TRUE(found.conclusive());
}

TEST(compare, a_side_that_wins_some_rounds_and_loses_others_ties) {
    EXPECT_EQ(compare(samples{1, 2}, samples{2, 1}).winner, verdict::tie);
    EXPECT_EQ(compare(samples{1, 1, 3}, samples{2, 2, 2}).winner, verdict::tie);
}

TEST(compare, a_difference_within_the_margin_is_a_tie_however_certain) {
    samples const one(20, 1.0);
    samples const slightly_more(20, 1.015);
    EXPECT_EQ(compare(one, slightly_more).winner, verdict::tie);
    EXPECT_EQ(compare(slightly_more, one).winner, verdict::tie);
    EXPECT_EQ(compare(one, slightly_more, 0.01).winner, verdict::first_wins);
}

TEST(compare, with_fewer_than_six_rounds_nothing_is_conclusive) {
    for (std::size_t rounds = 1; rounds <= 7; ++rounds)
        EXPECT_EQ(compare(samples(rounds, 1.0), samples(rounds, 9.0)).conclusive(), rounds >= 6) << rounds;
}
