#include "measure/statistics/comparison.hpp"

#include <boost/math/distributions/normal.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

namespace quartet::measure {
namespace {

double quotient(double first, double second) {
    if (!(first > 0 && second > 0 && std::isfinite(first) && std::isfinite(second)))
        throw std::invalid_argument("ratio of samples that are not above zero");
    return first / second;
}

std::vector<double> ratios_in_pairs(std::span<double const> first, std::span<double const> second) {
    if (first.size() != second.size()) throw std::invalid_argument("samples are not in pairs");
    std::vector<double> ratios;
    for (std::size_t i = 0; i < first.size(); ++i)
        ratios.push_back(quotient(first[i], second[i]));
    std::ranges::sort(ratios);
    return ratios;
}

std::vector<double> ratios_of_all(std::span<double const> first, std::span<double const> second) {
    std::vector<double> ratios;
    ratios.reserve(first.size() * second.size());
    for (double const one : first) {
        for (double const other : second)
            ratios.push_back(quotient(one, other));
    }
    std::ranges::sort(ratios);
    return ratios;
}

double geometric_median(std::vector<double> const& ordered) {
    std::size_t const n = ordered.size();
    return std::sqrt(ordered[(n - 1) / 2] * ordered[n / 2]);
}

verdict judge(interval const& bounds, double margin) {
    if (bounds.high < 1 / (1 + margin)) return verdict::first_wins;
    if (bounds.low > 1 + margin) return verdict::second_wins;
    if (bounds.low >= 1 / (1 + margin) && bounds.high <= 1 + margin) return verdict::equal;
    return verdict::unresolved;
}

double confidence_for(comparison_options const& options) {
    return 1 - 0.05 / static_cast<double>(std::max<std::size_t>(1, options.comparisons));
}

comparison conclude(std::vector<double> const& ordered, interval const& bounds,
                    comparison_options const& options) {
    return {.ratio = geometric_median(ordered),
            .bounds = bounds,
            .enough = bounds.confidence >= confidence_for(options),
            .tendency = judge(bounds, options.margin)};
}

/// The variance of the logarithms.
double spread_of(std::span<double const> samples) {
    double sum = 0;
    double squares = 0;
    for (double const each : samples) {
        sum += std::log(each);
        squares += std::log(each) * std::log(each);
    }
    auto const n = static_cast<double>(samples.size());
    return n < 2 ? 0 : std::max(0.0, (squares - sum * sum / n) / (n - 1));
}

/// Until the interval lies on one side of the margin, its half must be no wider than the middle is away from
/// it. It is as wide as the normal distribution has it: of a median 1.57 times the variance of a mean, of
/// a shift by ranks 1.05 times. Never fewer than it takes to be sure of anything, and more than there were.
std::optional<std::size_t> rounds_to_tell(comparison const& so_far, double variance, std::size_t rounds,
                                          std::size_t least, comparison_options const& options) {
    if (so_far.winner() != verdict::unresolved) return std::nullopt;
    double const away = std::abs(std::abs(std::log(so_far.ratio)) - std::log1p(options.margin));
    double const deviations =
        boost::math::quantile(boost::math::normal_distribution<>(), 1 - (1 - confidence_for(options)) / 2);
    double const wanted = deviations * deviations * variance / std::max(away * away, 1e-12);
    if (!(wanted <= static_cast<double>(most_rounds_told))) return std::nullopt;
    return std::max({static_cast<std::size_t>(std::ceil(wanted)), least, rounds + 1});
}

/// How many samples of each side it takes for any confidence like this: the chance that all of n are above
/// all of n others, on either side, is 2 / (2n over n).
std::size_t least_of_each(double confidence) {
    std::size_t rounds = 1;
    for (double chance = 1; chance > 1 - confidence; ++rounds)
        chance *= static_cast<double>(rounds + 1) / static_cast<double>(2 * (2 * rounds + 1));
    return rounds;
}

/// At most 1000 samples, spread evenly over all of them.
std::vector<double> thinned(std::span<double const> samples) {
    constexpr std::size_t most = 1000;
    std::vector<double> kept;
    std::size_t const count = std::min(samples.size(), most);
    for (std::size_t i = 0; i < count; ++i)
        kept.push_back(samples[i * samples.size() / count]);
    return kept;
}

/// The probabilities of U = 0, 1, … for n and m samples of the same kind, by the recursion of [MW]: the
/// greatest of all is one of the n with the probability n / (n + m), and is then above all m.
std::vector<double> u_distribution(std::size_t n, std::size_t m) {
    std::vector<std::vector<double>> of(m + 1);  // [j]: of i and j samples
    for (auto& each : of)
        each = {1.0};
    for (std::size_t i = 1; i <= n; ++i) {
        for (std::size_t j = 1; j <= m; ++j) {
            auto const a = static_cast<double>(i) / static_cast<double>(i + j);
            std::vector<double> next(i * j + 1, 0.0);
            for (std::size_t u = 0; u < of[j].size(); ++u)
                next[u + j] += a * of[j][u];  // of i - 1 and j
            for (std::size_t u = 0; u < of[j - 1].size(); ++u)
                next[u] += (1 - a) * of[j - 1][u];  // of i and j - 1
            of[j] = std::move(next);
        }
    }
    return of[m];
}

/// The probability that U is less than each of 0, 1, … up to its middle.
std::vector<double> u_below(std::size_t n, std::size_t m) {
    constexpr std::size_t exact = 50;
    std::size_t const middle = n * m / 2;
    std::vector<double> below{0};
    if (n <= exact && m <= exact) {
        auto const probabilities = u_distribution(n, m);
        for (std::size_t u = 0; u < middle; ++u)
            below.push_back(below.back() + probabilities[u]);
        return below;
    }
    auto const size = static_cast<double>(n * m);
    boost::math::normal_distribution<> const of_u(size / 2,
                                                  std::sqrt(size * static_cast<double>(n + m + 1) / 12));
    for (std::size_t u = 0; u < middle; ++u)
        below.push_back(boost::math::cdf(of_u, static_cast<double>(u) + 0.5));
    return below;
}

/// From the k-th least to the k-th greatest of the ratios, k being as great as the confidence allows.
interval shift_interval(std::vector<double> const& ordered, std::size_t n, std::size_t m, double wanted) {
    auto const below = u_below(n, m);
    std::size_t k = 1;
    while (k + 1 < below.size() && 1 - 2 * below[k + 1] >= wanted)
        ++k;
    k = std::min(k, std::max<std::size_t>(1, ordered.size() / 2));
    double const confidence = k < below.size() ? 1 - 2 * below[k] : 0;
    return {.low = ordered[k - 1], .high = ordered[ordered.size() - k], .confidence = confidence};
}

}  // namespace

std::string_view to_string(verdict which) {
    switch (which) {
        case verdict::first_wins:
            return "first_wins";
        case verdict::second_wins:
            return "second_wins";
        case verdict::equal:
            return "equal";
        case verdict::unresolved:
            return "unresolved";
    }
    return {};
}

comparison compare_rounds(std::span<double const> first, std::span<double const> second,
                          comparison_options const& options) {
    auto const ratios = ratios_in_pairs(first, second);
    double const confidence = confidence_for(options);
    auto made = conclude(ratios, median_interval(ratios, confidence), options);
    made.rounds_to_tell =
        rounds_to_tell(made, 1.57 * spread_of(ratios), ratios.size(), samples_needed(confidence), options);
    return made;
}

comparison compare_runs(std::span<double const> first, std::span<double const> second,
                        comparison_options const& options) {
    auto const some_first = thinned(first);
    auto const some_second = thinned(second);
    auto const ratios = ratios_of_all(some_first, some_second);
    if (ratios.empty()) throw std::invalid_argument("statistics of no samples");
    double const confidence = confidence_for(options);
    auto made =
        conclude(ratios, shift_interval(ratios, some_first.size(), some_second.size(), confidence), options);
    made.rounds_to_tell =
        rounds_to_tell(made, 1.05 * (spread_of(first) + spread_of(second)),
                       std::min(first.size(), second.size()), least_of_each(confidence), options);
    return made;
}

}  // namespace quartet::measure
