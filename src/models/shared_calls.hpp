// src/models/shared_calls.hpp
//
// How the threads of a pool share the calls that their bodies make. Each has a deque of its own: it takes the
// newest of it, and threads that have nothing to do the oldest.
//
// A body that waits for a call which another thread has taken helps: it runs what it has made since, then
// what that thread has made for the call (leapfrogging: Wagner and Calder, 1993). So what runs on top of a
// body that waits belongs to that body, and tasks and bodies of others can't hold it up.
#pragma once

#include "src/io/context/blocking_context.hpp"
#include "src/models/work_deque.hpp"

#include <quartet/detail/io/nested_work.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace quartet::inline v0::detail {

class shared_calls {
public:
    /// `wake` wakes an idle thread, if there is one.
    shared_calls(std::size_t threads, std::function<void()> wake);
    ~shared_calls();

    /// Where the bodies of a thread make their calls.
    nested_host& of(std::size_t thread) noexcept;

    /// Runs a call that some thread has made, in the context of an idle one; false if there is none.
    bool run_any(std::size_t thread, blocking_context& ctx);

    /// Whether there may be one.
    bool has_any() const noexcept;

    // ---- For idle threads

    /// A thread is going to sleep unless has_any(); from now on those who make calls look for it.
    void falls_asleep() noexcept {
        asleep_.fetch_add(1);
        waking_.store(false);  // who woke one that was awake already has woken nobody
    }
    void is_awake() noexcept {
        asleep_.fetch_sub(1);
        waking_.store(false);
    }

    /// How many are.
    std::size_t asleep() const noexcept { return asleep_.load(); }

    /// There is more than one can do: another one is to wake, if any is asleep.
    void wake_another() noexcept;

private:
    class thread_calls;

    std::vector<std::unique_ptr<thread_calls>> threads_;
    std::function<void()> wake_;
    alignas(64) std::atomic<std::size_t> asleep_ = 0;
    std::atomic<bool> waking_ = false;  // one was woken and has not looked yet
};

}  // namespace quartet::inline v0::detail
