#include "batch/control/memory_fit.hpp"

#include <algorithm>
#include <cmath>

namespace quartet::batch {

void memory_fit::ended(std::uint64_t peak_bytes) noexcept {
    if (peak_bytes == 0) return;
    auto const bucket =
        static_cast<std::size_t>(std::log2(static_cast<double>(peak_bytes)) * double{to_a_doubling});
    ++peaks_[std::min(bucket, buckets - 1)];
    ++seen_;
    mean_ += (static_cast<double>(peak_bytes) - mean_) / static_cast<double>(seen_);
    expect();
}

void memory_fit::expect() noexcept {
    std::size_t const above = seen_ / 20;
    std::size_t count = 0;
    for (std::size_t bucket = buckets; bucket-- > 0;) {
        count += peaks_[bucket];
        if (count <= above) continue;
        expected_ = std::exp2(static_cast<double>(bucket + 1) / double{to_a_doubling});
        return;
    }
}

void memory_fit::available(std::uint64_t bytes, std::size_t running) noexcept {
    now_ = static_cast<double>(bytes);
    at_first_ = running == 0 ? now_ : std::max(at_first_, now_);
    running_then_ = running;
}

std::optional<std::size_t> memory_fit::most(std::size_t running) const noexcept {
    double each = expected_;
    double mean = std::min(mean_, expected_);
    if (seen_ == 0) {
        if (running_then_ == 0 || at_first_ <= now_) return std::nullopt;
        mean = each = 2 * (at_first_ - now_) / static_cast<double>(running_then_);
    }
    std::optional<std::size_t> most;
    // n·mean + √n·more = room
    auto const fitting = [&](double room) {
        double const more = each - mean;
        double const root = (std::sqrt(more * more + 4 * mean * std::max(0.0, room)) - more) / (2 * mean);
        return root * root;
    };
    auto const allow = [&](double count) {
        auto const whole = static_cast<std::size_t>(std::clamp(count, 1.0, 1e9));
        most = most ? std::min(*most, whole) : whole;
    };
    if (limit_) allow(fitting(static_cast<double>(*limit_)));
    if (at_first_ > 0) {
        double const spared = at_first_ / 16;
        allow(fitting(at_first_ - spared));
        // Others may have taken what was there at first. Since it was read, some have ended or started.
        double const since = (static_cast<double>(running_then_) - static_cast<double>(running)) * mean;
        if (now_ + since < spared + each) allow(static_cast<double>(running));
    }
    return most;
}

}  // namespace quartet::batch
