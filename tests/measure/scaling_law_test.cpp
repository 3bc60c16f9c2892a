// tests/measure/scaling_law_test.cpp

#include "measure/statistics/scaling_law.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

namespace quartet::measure::scaling_law_test {

using points = std::vector<scaling_point>;

double law_of(double workers, double sigma, double kappa) {
    return 100 * workers / (1 + sigma * (workers - 1) + kappa * workers * (workers - 1));
}

points exactly(double sigma, double kappa) {
    points made;
    for (double const n : {1., 2., 4., 8., 16., 32.})
        made.push_back({n, law_of(n, sigma, kappa)});
    return made;
}

// The numbers of reference_values.py: SciPy's curve_fit.
TEST(fit_scaling_law, agrees_with_scipy) {
    auto const found = fit_scaling_law(points{{1, 20}, {2, 35}, {4, 60}, {8, 85}, {16, 95}, {32, 80}});
    EXPECT_NEAR(found.lambda, 19.662685, 1e-5);
    EXPECT_NEAR(found.sigma, 0.088916931, 1e-7);
    EXPECT_NEAR(found.kappa, 0.0041233565, 1e-9);
    EXPECT_NEAR(found.deviation, 0.0172470, 1e-7);
    EXPECT_NEAR(found.peak().value(), 14.86461, 1e-4);
    auto const band = found.band(8);
    EXPECT_NEAR(band.low, 81.71487, 2e-4);
    EXPECT_NEAR(band.high, 88.15778, 2e-4);
}

TEST(fit_scaling_law, finds_the_law_that_made_the_points) {
    for (auto const& [sigma, kappa] :
         {std::pair{0.05, 0.002}, {0.3, 0.0}, {0.0, 0.004}, {0.0, 0.0}, {1.0, 0.0}, {0.9, 0.2}}) {
        auto const found = fit_scaling_law(exactly(sigma, kappa));
        EXPECT_NEAR(found.lambda, 100, 1e-4) << sigma << ' ' << kappa;
        EXPECT_NEAR(found.sigma, sigma, 1e-6);
        EXPECT_NEAR(found.kappa, kappa, 1e-6);
        EXPECT_LT(found.deviation, 1e-6);
    }
}

TEST(fit_scaling_law, keeps_within_the_bounds) {
    // Better than linear, which the law does not know.
    auto const found = fit_scaling_law(points{{1, 1}, {2, 2.3}, {4, 5}, {8, 11}, {16, 24}});
    EXPECT_EQ(found.sigma, 0);
    EXPECT_EQ(found.kappa, 0);
    EXPECT_FALSE(found.peak());
    EXPECT_FALSE(found.knee());
}

TEST(fit_scaling_law, of_throughput_that_only_falls_has_its_peak_at_one) {
    auto const found = fit_scaling_law(points{{1, 10}, {2, 6}, {4, 3.4}, {8, 1.8}, {16, 1}});
    EXPECT_EQ(found.peak(), 1);
}

TEST(fit_scaling_law, knows_where_throughput_stops_growing) {
    auto const by_kappa = fit_scaling_law(exactly(0.05, 0.002));
    EXPECT_NEAR(by_kappa.peak().value(), std::sqrt(0.95 / 0.002), 1e-3);
    EXPECT_NEAR(by_kappa.knee().value(), law_of(std::sqrt(0.95 / 0.002), 0.05, 0.002) / 100, 1e-3);
    auto const by_sigma = fit_scaling_law(exactly(0.1, 0));
    EXPECT_FALSE(by_sigma.peak());
    EXPECT_NEAR(by_sigma.knee().value(), 10, 1e-3);  // Amdahl's limit
}

TEST(fit_scaling_law, refuses_too_few_counts_and_nonsense) {
    EXPECT_THROW(fit_scaling_law(points{{1, 1}, {2, 2}, {3, 3}, {4, 4}}), std::invalid_argument);
    EXPECT_THROW(fit_scaling_law(points{{1, 1}, {2, 2}, {3, 3}, {4, 4}, {4, 4}, {4, 5}}),
                 std::invalid_argument);
    for (double const wrong : {0.0, -1.0, HUGE_VAL, std::nan("")})
        EXPECT_THROW(fit_scaling_law(points{{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, wrong}}),
                     std::invalid_argument);
}

// On simulated sweeps with a known law, also at its bounds.
TEST(band, covers_the_law_as_often_as_it_says) {
    std::mt19937_64 random(1);
    std::normal_distribution<> noise;
    for (auto const& [sigma, kappa] :
         {std::pair{0.05, 0.002}, {0.1, 0.0}, {0.0, 0.001}, {0.0, 0.0}, {0.3, 0.01}}) {
        constexpr int runs = 400;
        int covered = 0;
        int looked = 0;
        for (int run = 0; run < runs; ++run) {
            auto noisy = exactly(sigma, kappa);
            for (auto& each : noisy)
                each.throughput *= std::exp(0.03 * noise(random));
            auto const found = fit_scaling_law(noisy);
            for (double const n : {1., 3., 8., 32.}) {
                auto const band = found.band(n);
                double const truth = law_of(n, sigma, kappa);
                covered += band.low <= truth && truth <= band.high;
                ++looked;
            }
        }
        RecordProperty(fmt::format("covered_of_{}_sigma_{}_kappa_{}", looked, sigma, kappa), covered);
        EXPECT_NEAR(static_cast<double>(covered) / looked, 0.95, 0.025) << sigma << ' ' << kappa;
    }
}

}  // namespace quartet::measure::scaling_law_test
