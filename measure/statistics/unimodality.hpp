// measure/statistics/unimodality.hpp
//
// Whether samples have one peak or several. A median between two peaks is a time that nothing takes: a trial
// that now hits a cache and now does not, or a processor with two speeds, shows like this.
//
// Sources:
//   [H]   Hartigan, Hartigan: The dip test of unimodality. Annals of Statistics 13 (1985) 70-84.
//   [A]   Hartigan: Algorithm AS 217: Computation of the dip statistic to test for unimodality. Applied
//         Statistics 34 (1985) 320-325 (narrowing the modal interval).
#pragma once

#include <cstddef>
#include <span>

namespace quartet::measure {

/// How far the samples' distribution is from the nearest one with a single peak: from 1/(2n) to 1/4 [H].
/// O(n) for each of a few steps, after sorting. Throws std::invalid_argument for no samples, or a NaN.
double dip(std::span<double const> samples);

/// The probability that so many samples of a uniform distribution, the worst of those with a single peak,
/// have such a dip by chance. By 2,000 simulated samples of the same number, the same in every run, that are
/// kept; so never less than 1/2,001. Of more than 200 samples, 200 quantiles are judged.
double unimodal_probability(std::span<double const> samples);

}  // namespace quartet::measure
