// tests/measure/unimodality_test.cpp

#include "measure/statistics/unimodality.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>
#include <vector>

namespace quartet::measure::unimodality_test {

using samples = std::vector<double>;

samples const two_peaks{1, 1.1, 1.2, 1.3, 1.4, 1.05, 1.15, 5, 5.1, 5.2, 5.3, 5.15, 5.25, 5.05, 5.35};

// The numbers of reference_values.R.
TEST(dip, agrees_with_r) {
    EXPECT_NEAR(dip(samples{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1}), 0.05, 1e-12);
    EXPECT_NEAR(dip(samples{1, 1.5, 1.8, 1.9, 1.95, 2, 2.04, 2.12, 2.25, 2.6, 3.3}), 0.0454545454545, 1e-12);
    EXPECT_NEAR(dip(two_peaks), 0.21, 1e-12);
    EXPECT_NEAR(dip(samples{1, 1.01, 1.03, 1.02, 3, 3.05, 3.01, 3.02, 9, 9.01, 9.03, 9.04}), 0.165553700612,
                1e-12);
}

TEST(dip, does_not_depend_on_order_or_scale) {
    samples moved;
    for (double const each : two_peaks)
        moved.push_back(1000 - 3 * each);
    EXPECT_NEAR(dip(moved), dip(two_peaks), 1e-12);
}

TEST(dip, of_equal_samples_is_the_least_there_is) {
    EXPECT_DOUBLE_EQ(dip(samples(10, 3.0)), 0.05);
    EXPECT_DOUBLE_EQ(dip(samples{7}), 0.5);
    EXPECT_THROW(dip(samples{}), std::invalid_argument);
    EXPECT_THROW(dip(samples{1, std::nan("")}), std::invalid_argument);
}

TEST(unimodal_probability, tells_two_peaks_from_one) {
    EXPECT_LT(unimodal_probability(two_peaks), 0.001);
    std::mt19937_64 random(2);
    std::lognormal_distribution<> one_peak(0, 0.3);
    samples x(1000);
    std::ranges::generate(x, [&] { return one_peak(random); });
    EXPECT_GT(unimodal_probability(x), 0.5);
    for (std::size_t i = 0; i < x.size(); i += 3)
        x[i] += 3;
    EXPECT_LT(unimodal_probability(x), 0.001);
}

// The test is exact for the uniform distribution, the hardest to tell from two peaks.
TEST(unimodal_probability, is_below_a_level_as_seldom_as_the_level_says) {
    std::mt19937_64 random(5);
    std::uniform_real_distribution<> uniform;
    constexpr int runs = 2000;
    int below = 0;
    for (int run = 0; run < runs; ++run) {
        samples x(15);
        std::ranges::generate(x, [&] { return uniform(random); });
        below += unimodal_probability(x) < 0.05;
    }
    EXPECT_NEAR(static_cast<double>(below) / runs, 0.05, 0.015);
}

}  // namespace quartet::measure::unimodality_test
