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
//   [K]   Kalibera, Jones: Rigorous benchmarking in reasonable time. ISMM 2013 (report the ratio with an
//         interval; repeat at the level where the variation is, here the round).
#pragma once

#include <span>
#include <string_view>

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

enum class verdict { first_wins, second_wins, tie };

std::string_view to_string(verdict which);

struct comparison {
    /// The median over the rounds of first / second: 0.5 means that the first took half as long. Between two
    /// middle ratios their geometric mean [FW], so that swapping the sides inverts it.
    double ratio;
    interval bounds;  ///< of the ratio
    verdict winner;

    /// Whether there were rounds enough to call it with 95 % confidence. A winner with fewer rounds has won
    /// each of them by more than the margin. That is worth saying, but of two equal models one also wins
    /// both of 2 rounds half of the time, if the margin does not prevent it.
    bool conclusive() const { return bounds.confidence >= 0.95; }
};

/// Compares two times (less is better) by the ratios of the samples that were taken in the same round, so
/// that what slowed a whole round falls out [K]. A side wins if the whole interval lies on its side of 1,
/// farther from it than `margin`: a smaller difference is a tie even when it is certain, as nobody would
/// choose by it.
///
/// Throws std::invalid_argument unless both have the same number of samples, all greater than zero.
comparison compare(std::span<double const> first, std::span<double const> second, double margin = 0.02);

}  // namespace quartet::measure
