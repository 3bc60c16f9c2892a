// The bounds of sigma and kappa are few, so every way in which they can bind is tried: each of the two is
// free or at a bound, and of the fits that keep within the bounds the closest is taken.

#include "measure/statistics/scaling_law.hpp"

#include <boost/math/distributions/students_t.hpp>

#include <Eigen/Dense>
#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>
#include <unsupported/Eigen/LevenbergMarquardt>
#include <vector>

namespace quartet::measure {
namespace {

using vector = Eigen::VectorXd;
using matrix = Eigen::MatrixXd;

struct parameters {
    double log_lambda;
    double sigma;
    double kappa;
};

double divisor(double workers, double sigma, double kappa) {
    return 1 + sigma * (workers - 1) + kappa * workers * (workers - 1);
}

/// The law's logarithm, differentiated by ln lambda, sigma and kappa.
std::array<double, 3> gradient(double workers, double sigma, double kappa) {
    double const below = divisor(workers, sigma, kappa);
    return {1, -(workers - 1) / below, -workers * (workers - 1) / below};
}

/// Which parameters are fitted; the others have a value.
struct subset {
    std::optional<double> sigma;  ///< where it is fixed
    std::optional<double> kappa;

    int size() const { return 1 + !sigma + !kappa; }

    parameters whole(vector const& free) const {
        Eigen::Index next = 1;
        double const s = sigma ? *sigma : free[next++];
        double const k = kappa ? *kappa : free[next];
        return {free[0], s, k};
    }
    vector free(parameters const& all) const {
        vector chosen(size());
        Eigen::Index next = 0;
        chosen[next++] = all.log_lambda;
        if (!sigma) chosen[next++] = all.sigma;
        if (!kappa) chosen[next] = all.kappa;
        return chosen;
    }
    /// The indices of the fitted ones among the three.
    std::vector<int> indices() const {
        std::vector<int> chosen{0};
        if (!sigma) chosen.push_back(1);
        if (!kappa) chosen.push_back(2);
        return chosen;
    }
};

/// What the least-squares solver asks: residuals of the logarithms and their derivatives.
class residuals : public Eigen::DenseFunctor<double> {
public:
    residuals(std::span<scaling_point const> points, subset const& which)
        : DenseFunctor(which.size(), static_cast<int>(points.size())), points_(points), which_(which) {}

    int operator()(vector const& free, vector& out) const {
        auto const at = which_.whole(free);
        for (Eigen::Index i = 0; i < out.size(); ++i) {
            auto const& point = points_[static_cast<std::size_t>(i)];
            double const below = divisor(point.workers, at.sigma, at.kappa);
            // Where there is no law, as far from it as can be told.
            out[i] = below > 0
                         ? at.log_lambda + std::log(point.workers / below) - std::log(point.throughput)
                         : std::sqrt(std::numeric_limits<double>::max()) / static_cast<double>(out.size());
        }
        return 0;
    }

    int df(vector const& free, matrix& out) const {
        auto const at = which_.whole(free);
        auto const indices = which_.indices();
        for (Eigen::Index i = 0; i < out.rows(); ++i) {
            auto const slope = gradient(points_[static_cast<std::size_t>(i)].workers, at.sigma, at.kappa);
            for (std::size_t j = 0; j < indices.size(); ++j)
                out(i, static_cast<Eigen::Index>(j)) = slope[static_cast<std::size_t>(indices[j])];
        }
        return 0;
    }

private:
    std::span<scaling_point const> points_;
    subset which_;
};

/// N / X(N) is linear in 1 / lambda, sigma / lambda and kappa / lambda.
parameters first_guess(std::span<scaling_point const> points) {
    auto const count = static_cast<Eigen::Index>(points.size());
    matrix terms(count, 3);
    vector times(count);
    for (Eigen::Index i = 0; i < count; ++i) {
        auto const [n, x] = points[static_cast<std::size_t>(i)];
        terms.row(i) << x / n, x / n * (n - 1), x / n * n * (n - 1);
        times[i] = 1;  // both sides divided by N / X: each point counts alike
    }
    vector const solved = terms.colPivHouseholderQr().solve(times);
    double const one = solved[0] > 0 ? solved[0] : points[0].workers / points[0].throughput;
    return {-std::log(one), std::clamp(solved[1] / one, 0.0, 1.0), std::max(0.0, solved[2] / one)};
}

struct fit {
    parameters found;
    double squares;
};

fit fit_subset(std::span<scaling_point const> points, subset const& which, parameters const& guess) {
    residuals functor(points, which);
    Eigen::LevenbergMarquardt<residuals> solver(functor);
    vector free = which.free(guess);
    solver.minimize(free);
    vector left(static_cast<Eigen::Index>(points.size()));
    functor(free, left);
    return {which.whole(free), left.squaredNorm()};
}

bool within_bounds(parameters const& what) {
    return what.sigma >= 0 && what.sigma <= 1 && what.kappa >= 0 && std::isfinite(what.log_lambda);
}

std::array<std::array<double, 3>, 3> covariance_of(std::span<scaling_point const> points, subset const& which,
                                                   parameters const& at, double variance) {
    matrix slopes(static_cast<Eigen::Index>(points.size()), which.size());
    residuals(points, which).df(which.free(at), slopes);
    matrix const inverse = (slopes.transpose() * slopes).completeOrthogonalDecomposition().pseudoInverse();
    std::array<std::array<double, 3>, 3> whole{};
    auto const indices = which.indices();
    for (std::size_t i = 0; i < indices.size(); ++i) {
        for (std::size_t j = 0; j < indices.size(); ++j)
            whole[static_cast<std::size_t>(indices[i])][static_cast<std::size_t>(indices[j])] =
                variance * inverse(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
    }
    return whole;
}

void check(std::span<scaling_point const> points) {
    std::set<double> counts;
    for (auto const& each : points) {
        if (!(each.workers > 0 && each.throughput > 0 && std::isfinite(each.workers) &&
              std::isfinite(each.throughput)))
            throw std::invalid_argument("a scaling law of counts or throughputs that are not above zero");
        counts.insert(each.workers);
    }
    if (counts.size() < least_scaling_points)
        throw std::invalid_argument("a scaling law takes at least 5 different counts of workers");
}

}  // namespace

double scaling_law::throughput(double workers) const noexcept {
    return lambda * workers / divisor(workers, sigma, kappa);
}

interval scaling_law::band(double workers, double confidence) const {
    auto const slope = gradient(workers, sigma, kappa);
    double variance = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 3; ++j)
            variance += slope[i] * covariance[i][j] * slope[j];
    }
    boost::math::students_t_distribution<> const student(freedom);
    double const reach =
        boost::math::quantile(student, (1 + confidence) / 2) * std::sqrt(std::max(0.0, variance));
    double const middle = throughput(workers);
    return {.low = middle * std::exp(-reach), .high = middle * std::exp(reach), .confidence = confidence};
}

std::optional<double> scaling_law::peak() const noexcept {
    if (kappa <= 0) return std::nullopt;
    return std::max(1.0, std::sqrt((1 - sigma) / kappa));
}

std::optional<double> scaling_law::knee() const noexcept {
    if (auto const at = peak()) return throughput(*at) / lambda;
    if (sigma > 0) return 1 / sigma;
    return std::nullopt;
}

scaling_law fit_scaling_law(std::span<scaling_point const> points) {
    check(points);
    auto const guess = first_guess(points);
    std::optional<fit> best;
    subset bound{};
    for (std::optional<double> const sigma :
         {std::optional<double>(), std::optional(0.0), std::optional(1.0)}) {
        for (std::optional<double> const kappa : {std::optional<double>(), std::optional(0.0)}) {
            subset const which{sigma, kappa};
            fit const tried = fit_subset(points, which, guess);
            bool const closer = !best || tried.squares < best->squares * (1 - 1e-9);
            if (!within_bounds(tried.found) || !closer) continue;
            best = tried;
            bound = which;
        }
    }
    auto const& [found, squares] = best.value();  // with both at a bound there always is one
    double const freedom = static_cast<double>(points.size()) - bound.size();
    double const variance = squares / freedom;
    return {.lambda = std::exp(found.log_lambda),
            .sigma = found.sigma,
            .kappa = found.kappa,
            .deviation = std::sqrt(variance),
            .freedom = freedom,
            .covariance = covariance_of(points, bound, found, variance)};
}

}  // namespace quartet::measure
