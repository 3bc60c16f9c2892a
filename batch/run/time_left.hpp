// batch/run/time_left.hpp
//
// How long a batch will take from now, and how well that is known.
//
// With r jobs left, k at once and jobs that take m on average with a deviation of s, found from n of them,
// the time left is r·m/k. Its variance has two parts, that of the sum of those that are left and that of the
// mean itself: (s/k)²·(r + r²/n). The interval is two deviations to each side, 95 % if there are enough jobs
// for the central limit theorem to hold; and never less than what the last of them takes.
#pragma once

#include <cstdint>
#include <optional>

namespace quartet::batch {

class time_left {
public:
    struct estimate {
        double seconds = 0;
        double give_or_take = 0;
    };

    /// A job has ended.
    void add(double seconds) noexcept;

    double mean() const noexcept { return mean_; }

    /// `left`: not ended yet; `done_of_running`: seconds that those under way have run in all. Nothing before
    /// five jobs have ended.
    std::optional<estimate> of(std::uint64_t left, std::size_t at_once,
                               double done_of_running) const noexcept;

private:
    std::uint64_t count_ = 0;
    double mean_ = 0;
    double squares_ = 0;  // of the differences to the mean (Welford)
};

}  // namespace quartet::batch
