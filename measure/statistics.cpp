// measure/statistics.cpp

#include "measure/statistics.hpp"

#include <boost/math/distributions/binomial.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace quartet::measure {
namespace {

std::vector<double> sorted(std::span<double const> samples) {
    if (samples.empty()) throw std::invalid_argument("statistics of no samples");
    std::vector<double> result(samples.begin(), samples.end());
    if (std::any_of(result.begin(), result.end(), [](double each) { return std::isnan(each); }))
        throw std::invalid_argument("statistics of samples with a NaN");
    std::sort(result.begin(), result.end());
    return result;
}

/// The confidence of the interval from the k-th least to the k-th greatest of n samples; k counts from 1.
double confidence_of(std::size_t k, std::size_t n) {
    boost::math::binomial_distribution<> const below_median(static_cast<double>(n), 0.5);
    return 1 - 2 * boost::math::cdf(below_median, static_cast<double>(k - 1));
}

std::vector<double> ratios_of(std::span<double const> first, std::span<double const> second) {
    if (first.size() != second.size()) throw std::invalid_argument("samples are not in pairs");
    std::vector<double> ratios;
    for (std::size_t i = 0; i < first.size(); ++i) {
        if (!(first[i] > 0 && second[i] > 0))
            throw std::invalid_argument("ratio of samples that are not above zero");
        ratios.push_back(first[i] / second[i]);
    }
    return ratios;
}

double geometric_median(std::span<double const> ratios) {
    auto const ordered = sorted(ratios);
    std::size_t const n = ordered.size();
    return std::sqrt(ordered[(n - 1) / 2] * ordered[n / 2]);
}

verdict judge(interval const& bounds, double margin) {
    if (bounds.high < 1 / (1 + margin)) return verdict::first_wins;
    if (bounds.low > 1 + margin) return verdict::second_wins;
    return verdict::tie;
}

}  // namespace

double median(std::span<double const> samples) {
    return quantile(samples, 0.5);
}

double quantile(std::span<double const> samples, double fraction) {
    if (!(fraction >= 0 && fraction <= 1)) throw std::invalid_argument("quantile outside of 0 to 1");
    auto const ordered = sorted(samples);
    double const position = fraction * static_cast<double>(ordered.size() - 1);
    auto const below = static_cast<std::size_t>(position);
    std::size_t const above = std::min(below + 1, ordered.size() - 1);
    return std::lerp(ordered[below], ordered[above], position - static_cast<double>(below));
}

interval median_interval(std::span<double const> samples, double wanted_confidence) {
    auto const ordered = sorted(samples);
    std::size_t const n = ordered.size();
    std::size_t k = 1;
    while (2 * (k + 1) <= n && confidence_of(k + 1, n) >= wanted_confidence)
        ++k;
    return {.low = ordered[k - 1], .high = ordered[n - k], .confidence = confidence_of(k, n)};
}

std::string_view to_string(verdict which) {
    switch (which) {
        case verdict::first_wins:
            return "first_wins";
        case verdict::second_wins:
            return "second_wins";
        case verdict::tie:
            return "tie";
    }
    return {};
}

comparison compare(std::span<double const> first, std::span<double const> second, double margin) {
    auto const ratios = ratios_of(first, second);
    interval const bounds = median_interval(ratios);
    return {.ratio = geometric_median(ratios), .bounds = bounds, .winner = judge(bounds, margin)};
}

}  // namespace quartet::measure
