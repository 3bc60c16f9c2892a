#include "src/io/sync/shared_permits.hpp"

#include <quartet/detail/io/permits.hpp>

namespace quartet::inline v0::detail {

permits::permits(std::size_t count) noexcept : word_(std::uint64_t{count} << 1) {}

permits::permits(std::size_t count, between_processes, char const* what)
    : word_(has_waiters), shared_(std::make_unique<shared_permits>(count, what)) {}

permits::~permits() = default;

attempt permits::take(gate_waiter* who, bool& owner_died) {
    if (shared_) return shared_->take(who, owner_died);
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

bool permits::take_now(bool& owner_died) {
    return shared_ ? shared_->take_now(owner_died) : try_take();
}

bool permits::take_until(std::chrono::steady_clock::time_point deadline, bool& owner_died) {
    auto const how = wait_at(*this, deadline, [&](gate_waiter* who) { return take(who, owner_died); });
    if (how == attempt::done) return true;
    return shared_ && shared_->take_now(owner_died);  // who has it may have died a moment ago
}

std::size_t permits::available() const {
    return shared_ ? shared_->available() : word_.load(std::memory_order_relaxed) >> 1;
}

std::atomic<std::uint64_t>& permits::shared_word() const noexcept {
    return shared_->free_word();
}

// Whoever waited may have left since the word was read.
void permits::give_to_next() noexcept {
    if (shared_) return shared_->give_back();
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

int permits::descriptor() const noexcept {
    return shared_ ? shared_->event_descriptor() : -1;
}

std::chrono::nanoseconds permits::look_again() const noexcept {
    return shared_ ? shared_gate::look_interval : std::chrono::nanoseconds::max();
}

void permits::leave(gate_waiter& who) noexcept {
    if (shared_) return shared_->leave(who);
    std::lock_guard const lock(mutex_);
    if (line_.remove(who)) {
        mark_if_nobody_waits();
    } else if (who.take_grant()) {
        give_to_next_locked();
    }
}

}  // namespace quartet::inline v0::detail
