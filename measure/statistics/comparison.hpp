// measure/statistics/comparison.hpp
//
// Which of two configurations was faster, and whether the samples allow one to say so. Nothing here assumes a
// distribution of times, but that comparing two runs takes both to be spread alike. Pure functions; any
// thread.
//
// Sources:
//   [FW]  Fleming, Wallace: How not to lie with statistics: the correct way to summarize benchmark results.
//         Communications of the ACM 29 (1986) 218-221 (ratios are averaged geometrically).
//   [HL]  Hodges, Lehmann: Estimates of location based on rank tests. Annals of Mathematical Statistics 34
//         (1963) 598-611.
//   [K]   Kalibera, Jones: Rigorous benchmarking in reasonable time. ISMM 2013 (report the ratio with an
//         interval; repeat at the level where the variation is, here the round).
//   [L]   Lehmann: Nonparametrics: Statistical Methods Based on Ranks. Springer 2006, section 2.6 (the
//         interval of a shift).
//   [MW]  Mann, Whitney: On a test of whether one of two random variables is stochastically larger than the
//         other. Annals of Mathematical Statistics 18 (1947) 50-60 (the distribution of U).
#pragma once

#include "measure/statistics/statistics.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace quartet::measure {

enum class verdict {
    first_wins,
    second_wins,
    equal,       ///< certainly within the margin
    unresolved,  ///< too few samples, or too much noise, to say
};

std::string_view to_string(verdict which);

/// A smaller difference counts as none: nobody would choose a model for it.
inline constexpr double usual_margin = 0.03;

struct comparison_options {
    double margin = usual_margin;  ///< 0.03 is 3 %

    /// How many comparisons are made together. Each gets its part of the 5 % that all of them may be wrong
    /// (Bonferroni).
    std::size_t comparisons = 1;
};

struct comparison {
    /// Of first / second, in the middle: 0.5 means that the first took half as long.
    double ratio;
    interval bounds;   ///< of the ratio
    bool enough;       ///< there were samples enough for the confidence that was wanted
    verdict tendency;  ///< what the bounds say, whatever their confidence

    /// In how many rounds, of each side, it can be expected to be resolved, if the times go on to be spread
    /// as they are; absent if it is, or if that is more than `most_rounds_told`.
    std::optional<std::size_t> rounds_to_tell{};

    /// The same if there were samples enough, else unresolved.
    verdict winner() const noexcept { return enough ? tendency : verdict::unresolved; }

    /// How wide the bounds are, as a part of the ratio.
    double width() const noexcept { return (bounds.high - bounds.low) / ratio; }
};

/// Nobody runs more rounds than this. A difference that would take more is too close to the margin to be
/// told.
inline constexpr std::size_t most_rounds_told = 10'000;

/// Compares two times (less is better) by the ratios of the samples that were taken in the same round, so
/// that what slowed a whole round falls out [K]. The ratio is the median over the rounds; between two middle
/// ratios their geometric mean [FW], so that swapping the sides inverts it. The bounds are the sign test's: a
/// side wins if they lie on its side of 1 as a whole, farther from it than the margin; the sides are equal if
/// the bounds lie within the margin on both sides.
///
/// Throws std::invalid_argument unless both have the same number of samples, all greater than zero.
comparison compare_rounds(std::span<double const> first, std::span<double const> second,
                          comparison_options const& options = {});

/// Compares times of two runs that have no rounds in common. The ratio is the median of the ratios of every
/// sample of the one to every sample of the other [HL], its bounds those of the rank-sum test [MW, L]: exact
/// up to 50 samples on both sides, by the normal distribution beyond. The verdict is made as above.
///
/// Both sides are taken to be spread alike on a logarithmic scale. O(n m log(n m)); of more than 1000 samples
/// on a side, 1000 that are spread evenly over them are compared. Throws std::invalid_argument unless all
/// samples are greater than zero.
comparison compare_runs(std::span<double const> first, std::span<double const> second,
                        comparison_options const& options = {});

}  // namespace quartet::measure
