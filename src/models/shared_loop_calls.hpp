// src/models/shared_loop_calls.hpp
//
// How the loops of a pool share the calls that their bodies make. A loop begins its own in the order in which
// they were made, one turn after another, and one that has nothing to do takes the oldest of another's.
//
// A call that has begun stays on its loop: what it awaits belongs to that.
#pragma once

#include <quartet/detail/call/loop_call.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace quartet::inline v0::detail {

/// The calls that bodies on one loop have made and nobody has begun.
class offered_calls {
public:
    /// For the loop's thread, as all but take() and count().
    void add(loop_call& call) noexcept;
    /// False if it is not among them.
    bool remove(loop_call& call) noexcept;
    /// The oldest that is not for others only, or null.
    loop_call* take_own() noexcept;

    /// The oldest, for the loop of `taker`, or null. Any thread.
    loop_call* take(loop_host& taker) noexcept;

    std::size_t count() const noexcept { return count_.load(); }

private:
    void unlink(loop_call& call) noexcept;

    std::mutex mutex_;  // guards what follows
    loop_call* first_ = nullptr;
    loop_call* last_ = nullptr;
    std::atomic<std::size_t> count_ = 0;  // read without
};

class shared_loop_calls {
public:
    /// `wake(n)` wakes a loop that sleeps.
    shared_loop_calls(std::size_t loops, std::function<void(std::size_t)> wake);

    offered_calls& of(std::size_t loop) noexcept { return loops_[loop]->offered; }

    /// A call that another loop's body has made, for `taker`, which runs loop `number`; null if there is
    /// none.
    loop_call* take_any(std::size_t number, loop_host& taker) noexcept;

    /// Whether there may be one.
    bool has_any(std::size_t number) const noexcept;

    std::size_t loops() const noexcept { return loops_.size(); }

    /// There is a call: a loop that sleeps is to wake, if there is one.
    void wake_one() noexcept;

    // ---- For loops that have nothing to do

    /// It is going to sleep unless has_any(); from now on those who make calls look for it.
    void falls_asleep(std::size_t number) noexcept;
    void is_awake(std::size_t number) noexcept {
        if (loops_[number]->asleep.load(std::memory_order_relaxed)) was_asleep(number);
    }

private:
    void was_asleep(std::size_t number) noexcept;

    struct one_loop {
        offered_calls offered;
        std::atomic<bool> asleep = false;
    };

    std::vector<std::unique_ptr<one_loop>> loops_;
    std::function<void(std::size_t)> wake_;
    std::atomic<std::size_t> asleep_ = 0;
};

}  // namespace quartet::inline v0::detail
