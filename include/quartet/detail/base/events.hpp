// include/quartet/detail/base/events.hpp
//
// Events that threads and processes wait for, by futexes. Both kinds may lie in shared memory. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace quartet::inline v0::detail {

/// A one-shot event: once it is set it stays so. Setting it costs a system call only if somebody waits.
class one_shot_event {
public:
    using time_point = std::chrono::steady_clock::time_point;

    bool is_set() const noexcept { return word_.load(std::memory_order_acquire) == was_set; }

    /// Wakes all waiters, also if it was set before. What was written before is seen after is_set() or
    /// wait_until() has said true; a waiter may then free the event.
    void set() noexcept;

    /// False if it is not set by the deadline.
    bool wait_until(std::optional<time_point> deadline = {}) noexcept;

private:
    static constexpr std::uint32_t unset = 0;
    static constexpr std::uint32_t waited_for = 1;
    static constexpr std::uint32_t was_set = 2;

    std::atomic<std::uint32_t> word_{unset};
};

/// An eventcount: waits for a condition that others change and then tell of, without a lock.
class eventcount {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// What the condition depends on has changed. Costs a load if nobody waits.
    void notify() noexcept;

    /// Waits until `holds()`, which is asked again after every notify().
    /// False if it does not at the deadline.
    template <class Condition>
    bool wait_until(Condition&& holds, time_point deadline = time_point::max()) noexcept {
        if (holds()) return true;
        waiters_.fetch_add(1);
        bool held = false;
        for (;;) {
            std::uint32_t const seen = epoch_.load();
            held = holds();
            if (held || !wait_for_notification(seen, deadline)) break;
        }
        waiters_.fetch_sub(1);
        return held;
    }

private:
    /// False if the deadline has passed before.
    bool wait_for_notification(std::uint32_t seen, time_point deadline) noexcept;

    std::atomic<std::uint32_t> epoch_{0};
    std::atomic<std::uint32_t> waiters_{0};
};

}  // namespace quartet::inline v0::detail
