// measure/statistics.hpp
//
// What a few samples allow one to say. Nothing here assumes a distribution: times have a lower limit and
// a long tail, and 2 to 5 rounds do not show which. Pure functions; any thread; O(n log n).
//
// Samples may be in any order. An empty vector, or one with a NaN, is a std::invalid_argument.
//
// Sources:
//   [HF]  Hyndman, Fan: Sample quantiles in statistical packages. The American Statistician 50 (1996)
//   361-365. [DN]  David, Nagaraja: Order Statistics, 3rd ed., Wiley 2003, section 7.1 (intervals for
//   quantiles). [FW]  Fleming, Wallace: How not to lie with statistics: the correct way to summarize
//   benchmark results.
//         Communications of the ACM 29 (1986) 218-221 (ratios are averaged geometrically).
//   [IH]  Iglewicz, Hoaglin: How to Detect and Handle Outliers. ASQC 1993 (the modified z-score).
//   [K]   Kalibera, Jones: Rigorous benchmarking in reasonable time. ISMM 2013 (report the ratio with an
//         interval; repeat at the level where the variation is, here the round).
//   [M]   Mann: Nonparametric tests against trend. Econometrica 13 (1945) 245-259.
//   [Ke]  Kendall: Rank Correlation Methods. Griffin 1948 (the distribution of the number of inversions).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
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

enum class verdict {
    first_wins,
    second_wins,
    equal,       ///< certainly within the margin
    unresolved,  ///< too few rounds, or too much noise, to say
};

std::string_view to_string(verdict which);

struct comparison_options {
    /// A smaller difference is none, since nobody would choose by it: 0.03 is 3 %.
    double margin = 0.03;

    /// How many comparisons are made together. Each gets its part of the 5 % that all of them may be wrong
    /// (Bonferroni).
    std::size_t rivals = 1;
};

struct comparison {
    /// The median over the rounds of first / second: 0.5 means that the first took half as long. Between two
    /// middle ratios their geometric mean [FW], so that swapping the sides inverts it.
    double ratio;
    interval bounds;   ///< of the ratio: the sign test's
    bool enough;       ///< there were rounds enough for the confidence that was wanted
    verdict tendency;  ///< what the bounds say, whatever their confidence

    /// The same if there were rounds enough, else unresolved.
    verdict winner() const noexcept { return enough ? tendency : verdict::unresolved; }
};

/// Compares two times (less is better) by the ratios of the samples that were taken in the same round, so
/// that what slowed a whole round falls out [K]. A side wins if the whole interval lies on its side of 1,
/// farther from it than the margin; they are equal if it lies within the margin on both sides.
///
/// Throws std::invalid_argument unless both have the same number of samples, all greater than zero.
comparison compare(std::span<double const> first, std::span<double const> second,
                   comparison_options const& options = {});

/// The samples that lie farther from the median than 3.5 times the scaled median deviation [IH]; their
/// places, in order. None of fewer than 5. They are to be pointed at, never dropped.
std::vector<std::size_t> outliers(std::span<double const> samples);

/// The probability that samples in no order show such a trend, up or down, by chance: the two-sided test of
/// [M] and [Ke], exact up to 50 samples without ties, by the normal distribution otherwise. 1 for fewer
/// than 3.
double trend_probability(std::span<double const> samples);

}  // namespace quartet::measure
