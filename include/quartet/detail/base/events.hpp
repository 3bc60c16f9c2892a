// include/quartet/detail/base/events.hpp
//
// Words in memory that threads and processes wait for. Both may lie in shared memory. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace quartet::detail {

/// Turns from "under way" to "ended" once. Setting it costs a system call only if somebody waits.
class end_word {
public:
    using time_point = std::chrono::steady_clock::time_point;

    bool ended() const noexcept { return word_.load(std::memory_order_acquire) == is_ended; }

    /// Wakes who waits, also if it was set before. What was written before is seen after ended() or
    /// wait_until() has said true; whoever waits may then free the word.
    void set() noexcept;

    /// False if it is still under way at the deadline.
    bool wait_until(std::optional<time_point> deadline = {}) noexcept;

private:
    static constexpr std::uint32_t under_way = 0;
    static constexpr std::uint32_t waited_for = 1;
    static constexpr std::uint32_t is_ended = 2;

    std::atomic<std::uint32_t> word_{under_way};
};

/// Rings when any of many things has ended.
class bell {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// Costs a load if nobody listens.
    void ring() noexcept;

    /// Waits until `holds()`, which is asked again after every ring.
    /// False if it does not at the deadline.
    template <class Condition>
    bool wait_until(Condition&& holds, time_point deadline = time_point::max()) noexcept {
        if (holds()) return true;
        listeners_.fetch_add(1);
        bool held = false;
        for (;;) {
            std::uint32_t const seen = rings_.load();
            held = holds();
            if (held || !wait_for_ring(seen, deadline)) break;
        }
        listeners_.fetch_sub(1);
        return held;
    }

private:
    /// False if the deadline has passed before.
    bool wait_for_ring(std::uint32_t seen, time_point deadline) noexcept;

    std::atomic<std::uint32_t> rings_{0};
    std::atomic<std::uint32_t> listeners_{0};
};

}  // namespace quartet::detail
