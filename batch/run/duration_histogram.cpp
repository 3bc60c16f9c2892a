#include "batch/run/duration_histogram.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace quartet::batch {

void duration_histogram::add(double seconds) noexcept {
    double const place = seconds > least ? std::log(seconds / least) / std::log(growth) : 0;
    ++counts_[static_cast<std::size_t>(std::min(place, static_cast<double>(buckets - 1)))];
    ++count_;
}

double duration_histogram::quantile(double share) const noexcept {
    if (count_ == 0) return 0;
    auto const wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_ - 1));
    std::uint64_t below = 0;
    std::size_t bucket = 0;
    while (bucket + 1 < buckets && (below += counts_[bucket]) <= wanted)
        ++bucket;
    return least * std::pow(growth, static_cast<double>(bucket) + 0.5);
}

}  // namespace quartet::batch
