// measure/statistics/statistics.cpp

#include "measure/statistics/statistics.hpp"

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <utility>
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

/// How many pairs are in order less how many are not, and how many pairs are ties.
struct concordance {
    std::int64_t balance = 0;
    std::size_t ties = 0;
};
concordance concordance_of(std::span<double const> samples) {
    concordance found;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        for (std::size_t j = i + 1; j < samples.size(); ++j) {
            found.balance += (samples[i] < samples[j]) - (samples[i] > samples[j]);
            found.ties += samples[i] == samples[j];
        }
    }
    return found;
}

/// The probability of at most so many inversions in a random permutation of n.
double inversions_cdf(std::size_t n, std::size_t most) {
    std::vector<double> probability{1};  // of 0, 1, … inversions among the first k
    for (std::size_t k = 2; k <= n; ++k) {
        std::vector<double> next(probability.size() + k - 1, 0);
        for (std::size_t have = 0; have < probability.size(); ++have) {
            for (std::size_t more = 0; more < k; ++more)
                next[have + more] += probability[have] / static_cast<double>(k);
        }
        probability = std::move(next);
    }
    most = std::min(most, probability.size() - 1);
    return std::accumulate(probability.begin(), probability.begin() + static_cast<std::ptrdiff_t>(most) + 1,
                           0.0);
}

/// The variance of the balance, less what ties take from it.
double balance_variance(std::vector<double> const& ordered) {
    auto const term = [](double n) { return n * (n - 1) * (2 * n + 5); };
    double sum = term(static_cast<double>(ordered.size()));
    for (auto first = ordered.begin(); first != ordered.end();) {
        auto const last = std::upper_bound(first, ordered.end(), *first);
        sum -= term(static_cast<double>(last - first));
        first = last;
    }
    return sum / 18;
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

std::size_t samples_needed(double confidence) {
    if (!(confidence >= 0 && confidence < 1)) throw std::invalid_argument("confidence outside of 0 to 1");
    std::size_t n = 1;
    while (confidence_of(1, n) < confidence)
        ++n;
    return n;
}

std::optional<double> known_quantile(std::span<double const> samples, double fraction) {
    if (!(fraction > 0 && fraction < 1)) throw std::invalid_argument("quantile outside of 0 to 1");
    double const all_on_one_side =
        std::pow(std::max(fraction, 1 - fraction), static_cast<double>(samples.size()));
    if (all_on_one_side > 0.025) return std::nullopt;
    return quantile(samples, fraction);
}

std::vector<std::size_t> outliers(std::span<double const> samples) {
    std::vector<std::size_t> found;
    if (samples.size() < 5) return found;
    double const middle = median(samples);
    std::vector<double> deviations;
    for (double const each : samples)
        deviations.push_back(std::abs(each - middle));
    double const spread = median(deviations) / 0.6745;  // of a normal distribution its standard deviation
    for (std::size_t index = 0; index < samples.size(); ++index) {
        if (deviations[index] > 3.5 * spread) found.push_back(index);
    }
    return found;
}

double trend_probability(std::span<double const> samples) {
    std::size_t const n = samples.size();
    if (n < 3) return 1;
    auto const ordered = sorted(samples);
    auto const [balance, ties] = concordance_of(samples);
    auto const size = static_cast<double>(std::abs(balance));
    if (ties == 0 && n <= 50) {
        std::size_t const pairs = n * (n - 1) / 2;
        auto const fewer = (pairs - static_cast<std::size_t>(size)) / 2;  // inversions, or pairs in order
        return std::min(1.0, 2 * inversions_cdf(n, fewer));
    }
    double const deviation = std::sqrt(balance_variance(ordered));
    if (deviation == 0) return 1;
    boost::math::normal_distribution<> const normal;
    return std::min(
        1.0, 2 * boost::math::cdf(boost::math::complement(normal, std::max(0.0, size - 1) / deviation)));
}

}  // namespace quartet::measure
