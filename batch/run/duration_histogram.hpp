// batch/run/duration_histogram.hpp
//
// Durations of any number of jobs in constant memory, of which quantiles are known to one per cent.
//
// The buckets' bounds grow by 2 %, from a microsecond to a year (as an HDR histogram's do; Tene).
#pragma once

#include <array>
#include <cstdint>

namespace quartet::batch {

class duration_histogram {
public:
    void add(double seconds) noexcept;

    std::uint64_t count() const noexcept { return count_; }

    /// `share` from 0 to 1: 0.5 is the median. 0 if there is none. Costs a walk over the buckets.
    double quantile(double share) const noexcept;

private:
    static constexpr double least = 1e-6;
    static constexpr double growth = 1.02;
    static constexpr std::size_t buckets = 1571;  // up to 3.2e7 seconds

    std::array<std::uint64_t, buckets> counts_{};
    std::uint64_t count_ = 0;
};

}  // namespace quartet::batch
