// measure/statistics/statistics.hpp
//
// What a few samples allow one to say. Nothing here assumes a distribution: times have a lower limit and
// a long tail, and 2 to 5 rounds do not show which. Pure functions; any thread; O(n log n).
//
// Samples may be in any order. An empty vector, or one with a NaN, is a std::invalid_argument.
//
// Sources:
//   [HF]  Hyndman, Fan: Sample quantiles in statistical packages. The American Statistician 50 (1996)
//         361-365.
//   [DN]  David, Nagaraja: Order Statistics, 3rd ed., Wiley 2003, section 7.1 (intervals for quantiles).
//   [IH]  Iglewicz, Hoaglin: How to Detect and Handle Outliers. ASQC 1993 (the modified z-score).
//   [M]   Mann: Nonparametric tests against trend. Econometrica 13 (1945) 245-259.
//   [Ke]  Kendall: Rank Correlation Methods. Griffin 1948 (the distribution of the number of inversions).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace quartet::measure {

/// The middle sample, or the mean of the two in the middle.
double median(std::span<double const> samples);

/// `fraction` from 0 to 1; interpolates linearly between order statistics (definition 7 of [HF], the one of R
/// and NumPy). Throws std::invalid_argument for another fraction.
double quantile(std::span<double const> samples, double fraction);

struct interval {
    double low;
    double high;
    /// The chance that such an interval holds the true median: at least what was asked for, or less when
    /// there are too few samples for that.
    double confidence;
};

/// The narrowest pair of order statistics x(k), x(n+1-k) that holds the true median with the wanted
/// confidence, which is 1 - 2 P(Binomial(n, 1/2) < k) [DN].
///
/// With few samples even the least and the greatest hold it only with 1 - 2^(1-n): 50 % for 2 samples,
/// 75 %, 87.5 %, 93.75 % for 3, 4, 5. It takes 6 for 95 %.
interval median_interval(std::span<double const> samples, double wanted_confidence = 0.95);

/// The least number of samples whose interval holds the median with this confidence: 6 for 95 %.
std::size_t samples_needed(double confidence);

/// A quantile, if there are enough samples for it: its 95 % interval by order statistics [DN] must lie
/// between the least and the greatest sample. That takes 6 samples for the median, 36 for 0.9, 368 for 0.99.
/// Absent for fewer.
std::optional<double> known_quantile(std::span<double const> samples, double fraction);

/// The samples that lie farther from the median than 3.5 times the scaled median deviation [IH]; their
/// places, in order. None of fewer than 5. They are to be pointed at, never dropped.
std::vector<std::size_t> outliers(std::span<double const> samples);

/// The probability that samples in no order show such a trend, up or down, by chance: the two-sided test of
/// [M] and [Ke], exact up to 50 samples without ties, by the normal distribution otherwise. 1 for fewer
/// than 3.
double trend_probability(std::span<double const> samples);

}  // namespace quartet::measure
