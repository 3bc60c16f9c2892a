// src/models/cluster/link_ring.hpp
//
// How the two processes of a rank hand each other messages and wake each other, in memory that they share.
#pragma once

#include "src/base/futex.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

namespace quartet::inline v0::detail {

/// Entries in the order in which they were put in: by one thread at a time, and taken by one at a time. One
/// that dies in the middle of it has done it or not.
///
/// What push() and pop() did is in one order with the loads and stores of flags that say who sleeps: the
/// other side either sees the entry when it looks once more, or is seen to sleep.
template <class Entry, std::size_t Places>
class link_ring {
    static_assert(std::is_trivially_copyable_v<Entry> && (Places & (Places - 1)) == 0);

public:
    /// False if it is full.
    bool push(Entry const& entry) noexcept {
        std::uint64_t const end = end_.load(std::memory_order_relaxed);
        if (end - begin_.load(std::memory_order_acquire) == Places) return false;
        places_[end % Places] = entry;
        end_.store(end + 1);
        return true;
    }

    std::optional<Entry> pop() noexcept {
        std::uint64_t const begin = begin_.load(std::memory_order_relaxed);
        if (begin == end_.load(std::memory_order_acquire)) return {};
        Entry const entry = places_[begin % Places];
        begin_.store(begin + 1);
        return entry;
    }

    bool is_empty() const noexcept { return begin_.load() == end_.load(); }
    bool is_full() const noexcept { return end_.load() - begin_.load() == Places; }

private:
    alignas(64) std::atomic<std::uint64_t> end_{0};
    alignas(64) std::atomic<std::uint64_t> begin_{0};
    alignas(64) std::array<Entry, Places> places_;
};

/// Wakes the one thread that waits for a condition; anybody may ring when it may have changed. A waiter that
/// was killed does no harm: the next one begins anew.
class doorbell {
public:
    /// Costs a system call only if somebody waits.
    void ring() noexcept {
        rings_.fetch_add(1);
        if (waits_.load() != 0 && waits_.exchange(0) != 0) futex_wake_all(rings_);
    }

    /// Waits until `holds()`, which is asked again after each ring, or the deadline.
    template <class Condition>
    void wait_until(Condition&& holds, steady_deadline deadline) noexcept {
        for (;;) {
            waits_.store(1);
            std::uint32_t const seen = rings_.load();
            if (holds() || std::chrono::steady_clock::now() >= deadline) break;
            futex_wait(rings_, seen, deadline);
        }
        waits_.store(0);
    }

private:
    std::atomic<std::uint32_t> rings_{0};
    std::atomic<std::uint32_t> waits_{0};
};

}  // namespace quartet::inline v0::detail
