#include "src/base/futex.hpp"

#include <quartet/detail/base/events.hpp>

namespace quartet::detail {

void end_word::set() noexcept {
    // Sequentially consistent, as a bell that rings afterwards must not be seen before.
    if (word_.exchange(is_ended) != under_way) futex_wake_all(word_);
}

bool end_word::wait_until(std::optional<time_point> deadline) noexcept {
    for (;;) {
        std::uint32_t seen = word_.load(std::memory_order_acquire);
        if (seen == is_ended) return true;
        if (seen == under_way && !word_.compare_exchange_strong(seen, waited_for)) continue;
        if (deadline && std::chrono::steady_clock::now() >= *deadline) return false;
        futex_wait(word_, waited_for, deadline);
    }
}

void bell::ring() noexcept {
    if (listeners_.load() == 0) return;
    rings_.fetch_add(1);
    futex_wake_all(rings_);
}

bool bell::wait_for_ring(std::uint32_t seen, time_point deadline) noexcept {
    if (deadline == time_point::max()) {
        futex_wait(rings_, seen);
        return true;
    }
    if (std::chrono::steady_clock::now() >= deadline) return false;
    futex_wait(rings_, seen, deadline);
    return true;
}

}  // namespace quartet::detail
