// measure/statistics/scaling_law.hpp
//
// How throughput grows with the number of workers: the Universal Scalability Law
//
//     X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))
//
// lambda is the throughput of one worker. sigma is the part of the work that only one can do at a time: with
// it alone this is Amdahl's law. kappa is what each pair of workers costs for keeping out of each other's
// way: with it, too many workers do less than fewer. Pure functions; any thread.
//
// Sources:
//   [G]   Gunther: A simple capacity model of massively parallel transaction systems. CMG 1993; and Guerrilla
//         Capacity Planning, Springer 2007, chapters 4 to 6.
//   [LZ]  Lazowska, Zahorjan, Graham, Sevcik: Quantitative System Performance. Prentice-Hall 1984, chapter 5
//         (the knee, where the line of one worker's throughput meets the greatest possible).
#pragma once

#include "measure/statistics/statistics.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>

namespace quartet::measure {

struct scaling_point {
    double workers;
    double throughput;  ///< in any unit
};

/// The fewest counts of workers that a law is fitted to: it has three parameters.
inline constexpr std::size_t least_scaling_points = 5;

struct scaling_law {
    double lambda;
    double sigma;      ///< from 0 to 1
    double kappa;      ///< 0 or more
    double deviation;  ///< of the points from the law, as a part of the throughput
    double freedom;    ///< degrees of freedom that `deviation` has

    /// Of ln lambda, sigma and kappa. A parameter at a bound (0, or 1 for sigma) is taken to be certain.
    std::array<std::array<double, 3>, 3> covariance;

    double throughput(double workers) const noexcept;

    /// Where the law lies with this confidence, at one count of workers: first-order error propagation on a
    /// logarithmic scale, with Student's t.
    interval band(double workers, double confidence = 0.95) const;

    /// The number of workers beyond which throughput falls [G]; absent if it never does.
    std::optional<double> peak() const noexcept;

    /// The number of workers with which throughput would reach its greatest, did each add as much as the
    /// first [LZ]. More than that add little. Absent if there is no greatest.
    std::optional<double> knee() const noexcept;
};

/// By least squares of the logarithms, so that each point counts by its relative error (Eigen's
/// Levenberg-Marquardt). Throws std::invalid_argument for fewer than `least_scaling_points` different counts,
/// and for counts or throughputs that are not above zero.
scaling_law fit_scaling_law(std::span<scaling_point const> points);

}  // namespace quartet::measure
