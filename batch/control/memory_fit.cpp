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
    if (seen_ == 0) {
        if (running_then_ == 0 || at_first_ <= now_) return std::nullopt;
        each = 2 * (at_first_ - now_) / static_cast<double>(running_then_);
    }
    std::optional<std::size_t> most;
    auto const allow = [&](double count) {
        auto const whole = static_cast<std::size_t>(std::clamp(count, 1.0, 1e9));
        most = most ? std::min(*most, whole) : whole;
    };
    if (limit_) allow(static_cast<double>(*limit_) / each);
    if (at_first_ > 0) {
        double const spared = at_first_ / 16;
        allow((at_first_ - spared) / each);
        // Others may have taken what was there at first.
        if (now_ < spared + each)
            allow(static_cast<double>(std::max<std::size_t>(1, std::min(running, running_then_))));
    }
    return most;
}

}  // namespace quartet::batch
