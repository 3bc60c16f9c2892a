// src/io/loop/inbox.hpp
//
// What other threads have completed for a loop: a stack that any thread adds to and the loop takes as a
// whole. While the loop sleeps it takes nothing, and who comes has to wake it. So a loop that is awake hears
// of others without a call of the system.
//
// To be added is the last that happens to the loop: it may be gone right afterwards.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace quartet::inline v0::detail {

/// Of what has a `next_done`.
template <class Done>
class inbox {
public:
    /// False while the loop sleeps. Any thread.
    bool add(Done& done) noexcept {
        std::uintptr_t last = last_.load(std::memory_order_relaxed);
        do {
            if (last == asleep) return false;
            done.next_done = reinterpret_cast<Done*>(last);
        } while (!last_.compare_exchange_weak(last, reinterpret_cast<std::uintptr_t>(&done),
                                              std::memory_order_release, std::memory_order_relaxed));
        return true;
    }

    // ---- For the loop

    bool empty() const noexcept { return last_.load(std::memory_order_relaxed) == 0; }

    /// Calls `use(one)` for each, in the order in which they were added.
    void take_all(auto&& use) {
        if (empty()) return;
        auto* each = reinterpret_cast<Done*>(last_.exchange(0, std::memory_order_acquire));
        Done* first = nullptr;
        while (each)
            first = std::exchange(each, std::exchange(each->next_done, first));
        while (first)
            use(*std::exchange(first, first->next_done));
    }

    /// False if it is not empty: then the loop must not sleep.
    bool fall_asleep() noexcept {
        std::uintptr_t none = 0;
        return last_.compare_exchange_strong(none, asleep, std::memory_order_relaxed);
    }
    void wake() noexcept { last_.store(0, std::memory_order_relaxed); }

private:
    static constexpr std::uintptr_t asleep = 1;

    std::atomic<std::uintptr_t> last_ = 0;
};

}  // namespace quartet::inline v0::detail
