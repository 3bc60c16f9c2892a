#include <quartet/detail/io/permits.hpp>

namespace quartet::inline v0::detail {

attempt permits::take(gate_waiter* who) noexcept {
    if (!who) return try_take() ? attempt::done : attempt::would_block;
    std::lock_guard const lock(mutex_);
    if (who->take_grant()) return attempt::done;
    std::uint64_t seen = 0;
    while (!word_.compare_exchange_weak(seen, has_waiters, std::memory_order_relaxed)) {
        if (seen == has_waiters) break;
        if (seen != 0 && try_take()) return attempt::done;
        seen = 0;
    }
    line_.add(*who);
    return attempt::would_block;
}

bool permits::take_until(std::chrono::steady_clock::time_point deadline) {
    return wait_at(*this, deadline, [this](gate_waiter* who) { return take(who); }) == attempt::done;
}

// Whoever waited may have left since the word was read.
void permits::give_to_next() noexcept {
    std::lock_guard const lock(mutex_);
    give_to_next_locked();
}

void permits::give_to_next_locked() noexcept {
    if (auto* const next = line_.pop()) {
        mark_if_nobody_waits();
        next->grant();
    } else {
        try_give_back();
    }
}

void permits::mark_if_nobody_waits() noexcept {
    if (line_.empty()) word_.store(0, std::memory_order_relaxed);
}

void permits::leave(gate_waiter& who) noexcept {
    std::lock_guard const lock(mutex_);
    if (line_.remove(who)) {
        mark_if_nobody_waits();
    } else if (who.take_grant()) {
        give_to_next_locked();
    }
}

}  // namespace quartet::inline v0::detail
