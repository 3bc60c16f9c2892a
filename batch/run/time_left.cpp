#include "batch/run/time_left.hpp"

#include <algorithm>
#include <cmath>

namespace quartet::batch {

void time_left::add(double seconds) noexcept {
    ++count_;
    double const from_old = seconds - mean_;
    mean_ += from_old / static_cast<double>(count_);
    squares_ += from_old * (seconds - mean_);
}

std::optional<time_left::estimate> time_left::of(std::uint64_t left, std::size_t at_once,
                                                 double done_of_running) const noexcept {
    constexpr std::uint64_t fewest = 5;
    if (count_ < fewest || at_once == 0) return std::nullopt;
    auto const jobs = static_cast<double>(left);
    auto const wide = std::min(static_cast<double>(at_once), std::max(1.0, jobs));
    auto const known = static_cast<double>(count_);
    double const deviation = std::sqrt(squares_ / (known - 1));
    // What a running job has done of an average one can't be more than all of it.
    double const work = jobs * mean_ - std::min(done_of_running, wide * mean_);
    double const error = 2 * deviation / wide * std::sqrt(jobs + jobs * jobs / known);
    return estimate{std::max(0.0, work / wide), error};
}

}  // namespace quartet::batch
