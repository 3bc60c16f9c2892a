// tests/measure/statistics_test.cpp

#include "measure/statistics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <stdexcept>
#include <utility>
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
    samples const fast{1.0, 1.1, 0.9, 1.2, 1.0, 1.1};
    samples const slow{2.0, 2.4, 1.7, 2.2, 2.1, 2.2};
    auto const there = compare(fast, slow);
    auto const back = compare(slow, fast);
    EXPECT_EQ(there.winner(), verdict::first_wins);
    EXPECT_EQ(back.winner(), verdict::second_wins);
    EXPECT_DOUBLE_EQ(there.ratio, 1 / back.ratio);
    EXPECT_DOUBLE_EQ(there.bounds.low, 1 / back.bounds.high);
    EXPECT_LE(there.bounds.low, there.ratio);
    EXPECT_LE(there.ratio, there.bounds.high);
}

TEST(compare, a_machine_that_slows_down_between_rounds_does_not_hide_the_winner) {
    auto const found = compare(samples{1, 2, 4, 8, 16, 32}, samples{1.1, 2.2, 4.4, 8.8, 17.6, 35.2});
    EXPECT_EQ(found.winner(), verdict::first_wins);
    EXPECT_NEAR(found.ratio, 1 / 1.1, 1e-12);
    EXPECT_TRUE(found.enough);
}

TEST(compare, a_side_that_wins_some_rounds_and_loses_others_is_not_resolved) {
    EXPECT_EQ(compare(samples{1, 2}, samples{2, 1}).tendency, verdict::unresolved);
    EXPECT_EQ(compare(samples{1, 1, 3}, samples{2, 2, 2}).tendency, verdict::unresolved);
}

TEST(compare, a_difference_within_the_margin_is_none_however_certain) {
    samples const one(20, 1.0);
    samples const slightly_more(20, 1.025);
    EXPECT_EQ(compare(one, slightly_more).winner(), verdict::equal);
    EXPECT_EQ(compare(slightly_more, one).winner(), verdict::equal);
    EXPECT_EQ(compare(one, slightly_more, {.margin = 0.01}).winner(), verdict::first_wins);
}

TEST(compare, a_difference_about_as_large_as_the_margin_is_not_resolved) {
    samples const one(10, 1.0);
    samples const about{1.02, 1.04, 1.01, 1.05, 1.03, 1.02, 1.04, 1.03, 1.02, 1.04};
    EXPECT_EQ(compare(one, about).winner(), verdict::unresolved);
}

TEST(compare, with_too_few_rounds_nothing_is_resolved) {
    for (std::size_t rounds = 1; rounds <= 9; ++rounds) {
        samples const fast(rounds, 1.0);
        samples const slow(rounds, 9.0);
        EXPECT_EQ(compare(fast, slow).tendency, verdict::first_wins);
        EXPECT_EQ(compare(fast, slow).winner() == verdict::first_wins, rounds >= 6) << rounds;
        EXPECT_EQ(compare(fast, fast).winner() == verdict::equal, rounds >= 6) << rounds;
        EXPECT_EQ(compare(fast, slow, {.rivals = 3}).winner() == verdict::first_wins, rounds >= 7) << rounds;
    }
}

// Of two or more configurations that are the same, one is called different in fewer than 5 of 100 runs. The
// margin is none here, so that chance alone decides.
TEST(compare, calls_equal_configurations_different_as_seldom_as_it_says) {
    std::mt19937_64 random(2);
    std::lognormal_distribution<double> times(0, 0.1);
    for (auto const& [rounds, rivals] : {std::pair{6, 1}, {12, 1}, {10, 3}, {20, 7}}) {
        int constexpr runs = 2000;
        int wrong = 0;
        for (int run = 0; run < runs; ++run) {
            auto const draw = [&, n = static_cast<std::size_t>(rounds)] {
                samples x(n);
                std::generate(x.begin(), x.end(), [&] { return times(random); });
                return x;
            };
            auto const first = draw();
            bool different = false;
            for (int rival = 0; rival < rivals; ++rival) {
                auto const found =
                    compare(first, draw(), {.margin = 0, .rivals = static_cast<std::size_t>(rivals)});
                different |= found.winner() == verdict::first_wins || found.winner() == verdict::second_wins;
            }
            wrong += different;
        }
        EXPECT_LT(wrong, runs * 5 / 100) << rounds << " rounds, " << rivals << " rivals";
    }
}

// The numbers of reference_values.py.
TEST(samples_needed, agrees_with_scipy) {
    EXPECT_EQ(samples_needed(0.95), 6u);
    EXPECT_EQ(samples_needed(1 - 0.05 / 3), 7u);
    EXPECT_EQ(samples_needed(0.99), 8u);
    EXPECT_THROW(samples_needed(1), std::invalid_argument);
}

TEST(median_interval, agrees_with_scipy) {
    struct row {
        int count;
        int first;
        double confidence;
    };
    for (auto const& [count, first, confidence] : {row{6, 1, 0.96875},
                                                   {7, 1, 0.984375},
                                                   {12, 3, 0.96142578125},
                                                   {25, 8, 0.956714749336},
                                                   {100, 40, 0.964799799782}}) {
        samples x;
        for (int n = 1; n <= count; ++n)
            x.push_back(n);
        auto const found = median_interval(x);
        EXPECT_EQ(found.low, first);
        EXPECT_EQ(found.high, count + 1 - first);
        EXPECT_NEAR(found.confidence, confidence, 1e-11);
    }
}

TEST(outliers, are_those_far_from_the_median) {
    EXPECT_EQ(outliers(samples{10, 10.1, 9.9, 10.2, 9.8, 14, 10}), std::vector<std::size_t>{5});
    EXPECT_TRUE(outliers(samples{1, 1, 1, 9}).empty()) << "too few to say";
    EXPECT_TRUE(outliers(samples(20, 3.0)).empty());
}

TEST(trend_probability, agrees_with_scipy) {
    EXPECT_NEAR(trend_probability(samples{1, 1.1, 1.3, 1.2, 1.5, 1.6, 1.4, 1.8}), 0.00550595238095, 1e-12);
    EXPECT_NEAR(trend_probability(samples{3, 1, 4, 1.5, 5, 9, 2, 6, 5.5, 3.5}), 0.21637345679, 1e-10);
    EXPECT_NEAR(trend_probability(samples{9, 8, 7.5, 7, 6, 5}), 0.00277777777778, 1e-12);
    EXPECT_NEAR(trend_probability(samples{1, 2, 2, 3, 3, 3, 4, 2, 5, 5, 4, 6}), 0.00160063547911, 1e-12);
    EXPECT_EQ(trend_probability(samples{1, 2}), 1);
    EXPECT_EQ(trend_probability(samples(10, 1.0)), 1);
}
