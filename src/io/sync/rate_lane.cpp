#include <quartet/detail/base/deadline.hpp>
#include <quartet/detail/io/rate_lane.hpp>
#include <quartet/mutex.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <thread>

namespace quartet::inline v0::detail {

rate_schedule::rate_schedule(double per_second, std::size_t burst) : interval(0), depth(0) {
    constexpr double longest = 1e18;  // some 30 years, in nanoseconds
    double const between = 1e9 / per_second;
    if (!(between >= 1 && between <= longest))
        throw std::invalid_argument("quartet: a rate is from 1e-9 to 1e9 a second");
    if (burst == 0 || static_cast<double>(burst) * between > longest)
        throw std::invalid_argument(
            "quartet: a burst is of one at least, and of no more than come through in 30 years");
    interval = std::chrono::nanoseconds(std::llround(between));
    depth = interval * static_cast<std::int64_t>(burst - 1);
}

std::chrono::nanoseconds rate_lane::take(time_point now, rate_schedule const& schedule) noexcept {
    auto const at = since_epoch(now);
    auto const full_at = std::max(full_again(), at);
    auto const wait = full_at - at - schedule.depth;
    if (wait.count() > 0) return wait;
    full_at_->store(static_cast<std::uint64_t>((full_at + schedule.interval).count()),
                    std::memory_order_relaxed);
    return {};
}

task<void> rate_lane::acquire(context& ctx, rate_schedule schedule) {
    auto const mine = co_await take_awaiter<rate_turn>(ctx, turn_);
    for (;;) {
        auto const wait = take(ctx.now(), schedule);
        if (wait.count() == 0) co_return;
        co_await ctx.sleep_for(wait);
    }
}

bool rate_lane::acquire_until(time_point deadline, rate_schedule const& schedule) {
    bool owner_died = false;
    if (!turn_.take_until(deadline, owner_died)) return false;
    rate_turn const mine(turn_, owner_died);
    for (;;) {
        auto const now = std::chrono::steady_clock::now();
        auto const wait = take(now, schedule);
        if (wait.count() == 0) return true;
        auto const then = deadline_after(now, wait);
        if (then > deadline) return false;
        std::this_thread::sleep_until(then);
    }
}

bool rate_lane::try_acquire(time_point now, rate_schedule const& schedule) {
    bool owner_died = false;
    if (!turn_.take_now(owner_died)) return false;
    rate_turn const mine(turn_, owner_died);
    return take(now, schedule).count() == 0;
}

}  // namespace quartet::inline v0::detail
