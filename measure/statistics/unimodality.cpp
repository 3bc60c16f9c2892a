// The dip by [A]: between the greatest convex function below the samples' distribution and the least concave
// one above it there is a gap, which is widest somewhere. Left of there the distribution should be convex,
// right of there concave; how far it is from that counts, and the same question is asked of what lies
// between.

#include "measure/statistics/unimodality.hpp"

#include "measure/statistics/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <random>
#include <stdexcept>
#include <vector>

namespace quartet::measure {
namespace {

/// A value, and how many samples are less, and not greater: the distribution's jump.
struct step {
    double at;
    double lower;
    double upper;
};

std::vector<step> steps_of(std::span<double const> samples) {
    std::vector<double> ordered(samples.begin(), samples.end());
    if (ordered.empty()) throw std::invalid_argument("the dip of no samples");
    if (std::ranges::any_of(ordered, [](double each) { return std::isnan(each); }))
        throw std::invalid_argument("the dip of samples with a NaN");
    std::ranges::sort(ordered);
    std::vector<step> steps;
    for (std::size_t i = 0; i < ordered.size(); ++i) {
        auto const count = static_cast<double>(i);
        if (steps.empty() || steps.back().at != ordered[i]) steps.push_back({ordered[i], count, count});
        steps.back().upper = count + 1;
    }
    return steps;
}

/// A chain of straight lines between some of the steps, at one end of their jumps.
class chain {
public:
    /// The convex one below the steps from `first` to `last`, or the concave one above them.
    enum class kind { convex, concave };
    chain(std::vector<step> const& steps, std::size_t first, std::size_t last, kind which)
        : steps_(steps), which_(which) {
        for (std::size_t next = first; next <= last; ++next) {
            while (corners_.size() > 1 && !bends(corners_[corners_.size() - 2], corners_.back(), next))
                corners_.pop_back();
            corners_.push_back(next);
        }
    }

    std::vector<std::size_t> const& corners() const noexcept { return corners_; }

    double height(std::size_t step) const noexcept {
        return which_ == kind::convex ? steps_[step].lower : steps_[step].upper;
    }

    /// The last corner not right of a step, and the first not left of it.
    std::size_t corner_before(std::size_t step) const {
        return *std::prev(std::ranges::upper_bound(corners_, step));
    }
    std::size_t corner_after(std::size_t step) const { return *std::ranges::lower_bound(corners_, step); }

    double operator()(std::size_t step) const {
        std::size_t const left = corner_before(step);
        std::size_t const right = corner_after(step);
        if (left == right) return height(left);
        double const part = (steps_[step].at - steps_[left].at) / (steps_[right].at - steps_[left].at);
        return std::lerp(height(left), height(right), part);
    }

private:
    bool bends(std::size_t a, std::size_t b, std::size_t c) const noexcept {
        double const turn = (steps_[b].at - steps_[a].at) * (height(c) - height(b)) -
                            (height(b) - height(a)) * (steps_[c].at - steps_[b].at);
        return which_ == kind::convex ? turn > 0 : turn < 0;
    }

    std::vector<step> const& steps_;
    kind which_;
    std::vector<std::size_t> corners_;
};

/// Where the two chains are farthest apart, as the corners around it.
struct widest_gap {
    double size = -1;
    std::size_t low = 0;
    std::size_t high = 0;
};

widest_gap find_gap(chain const& below, chain const& above) {
    widest_gap widest;
    auto const consider = [&](double size, std::size_t low, std::size_t high) {
        if (size > widest.size) widest = {size, low, high};
    };
    for (std::size_t const corner : below.corners())
        consider(above(corner) - below.height(corner), corner, above.corner_after(corner));
    for (std::size_t const corner : above.corners())
        consider(above.height(corner) - below(corner), below.corner_before(corner), corner);
    return widest;
}

std::vector<double> simulated_dips(std::size_t count) {
    constexpr int simulations = 2000;
    std::mt19937_64 random(count);
    std::uniform_real_distribution<> uniform;
    std::vector<double> dips;
    std::vector<double> samples(count);
    for (int run = 0; run < simulations; ++run) {
        std::ranges::generate(samples, [&] { return uniform(random); });
        dips.push_back(dip(samples));
    }
    std::ranges::sort(dips);
    return dips;
}

std::vector<double> const& known_dips(std::size_t count) {
    static std::mutex mutex;
    static std::map<std::size_t, std::vector<double>> known;
    std::lock_guard const lock(mutex);
    auto const [found, added] = known.try_emplace(count);
    if (added) found->second = simulated_dips(count);
    return found->second;
}

}  // namespace

double dip(std::span<double const> samples) {
    auto const steps = steps_of(samples);
    std::size_t low = 0;
    std::size_t high = steps.size() - 1;
    double found = 1;  // in samples, and twice
    while (low < high) {
        chain const below(steps, low, high, chain::kind::convex);
        chain const above(steps, low, high, chain::kind::concave);
        auto const gap = find_gap(below, above);
        if (gap.size <= found) break;
        for (std::size_t left = low; left <= gap.low; ++left)
            found = std::max(found, steps[left].upper - below(left));
        for (std::size_t right = gap.high; right <= high; ++right)
            found = std::max(found, above(right) - steps[right].lower);
        if (gap.low == low && gap.high == high) break;
        low = gap.low;
        high = gap.high;
    }
    return found / (2 * static_cast<double>(samples.size()));
}

double unimodal_probability(std::span<double const> samples) {
    constexpr std::size_t most = 200;
    std::vector<double> judged(samples.begin(), samples.end());
    if (samples.size() > most) {
        judged.clear();
        for (std::size_t i = 0; i < most; ++i)
            judged.push_back(quantile(samples, (static_cast<double>(i) + 0.5) / most));
    }
    double const found = dip(judged);
    auto const& known = known_dips(judged.size());
    auto const as_large = std::ranges::distance(std::ranges::lower_bound(known, found), known.end());
    return static_cast<double>(as_large + 1) / static_cast<double>(known.size() + 1);
}

}  // namespace quartet::measure
