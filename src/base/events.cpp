#include "src/base/futex.hpp"

#include <quartet/detail/base/events.hpp>

namespace quartet::inline v0::detail {

void one_shot_event::set() noexcept {
    // Sequentially consistent, as a notification that follows must not be seen before.
    if (word_.exchange(was_set) != unset) futex_wake_all(word_);
}

bool one_shot_event::wait_until(std::optional<time_point> deadline) noexcept {
    for (;;) {
        std::uint32_t seen = word_.load(std::memory_order_acquire);
        if (seen == was_set) return true;
        if (seen == unset && !word_.compare_exchange_strong(seen, waited_for)) continue;
        if (deadline && std::chrono::steady_clock::now() >= *deadline) return false;
        futex_wait(word_, waited_for, deadline);
    }
}

void eventcount::notify() noexcept {
    if (waiters_.load() == 0) return;
    epoch_.fetch_add(1);
    futex_wake_all(epoch_);
}

bool eventcount::wait_for_notification(std::uint32_t seen, time_point deadline) noexcept {
    if (deadline == time_point::max()) {
        futex_wait(epoch_, seen);
        return true;
    }
    if (std::chrono::steady_clock::now() >= deadline) return false;
    futex_wait(epoch_, seen, deadline);
    return true;
}

}  // namespace quartet::inline v0::detail
