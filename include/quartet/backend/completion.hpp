// include/quartet/backend/completion.hpp
//
// The end of a job: how many of its tasks have no outcome yet, whether it was asked to stop, and what happens
// when the last outcome is there. It knows of no bodies and of no models.
//
// There are two ways to hear of the end. A thread waits for the event; or a continuation runs, for which no
// thread waits. A job costs one more atomic exchange for that, and a continuation no allocation.
#pragma once

#include <quartet/detail/base/events.hpp>
#include <quartet/detail/io/stop_state.hpp>
#include <quartet/outcome.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>

namespace quartet::inline v0 {

namespace detail {
class call_timer;
}

/// What goes on when a job has ended. Kept by who attaches it, until it has run.
class continuation {
public:
    /// Called once, when every task has an outcome: by the thread that brought the last one (a worker thread,
    /// the thread of an event loop, one that asks for a stop, the supervisor of worker processes), or by the
    /// one that attaches it, if that comes later. Under no lock of the model, which is still there, and whose
    /// join() and end wait until it has returned.
    ///
    /// It holds up that thread. It may begin other jobs, and stop them, but wait for none. The job may be
    /// gone unless the continuation keeps it; so may the continuation when this returns.
    virtual void run() noexcept = 0;

    continuation() = default;
    continuation(continuation const&) = delete;
    continuation& operator=(continuation const&) = delete;
    virtual ~continuation() = default;

private:
    friend class completion;
    continuation* next_ = nullptr;
};

class completion {
public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit completion(std::size_t tasks) noexcept : left_(tasks) {}
    completion(completion const&) = delete;
    completion& operator=(completion const&) = delete;

    // ---- For who waits

    /// Whether every task has an outcome, which may be in another process still.
    bool ended() const noexcept { return event_.load(std::memory_order_acquire)->is_set(); }

    /// Whether every outcome is here: then nothing is going to happen to it any more.
    bool finished() const noexcept { return finished_.is_set(); }

    /// Waits until it has ended; false if it has not at the deadline. One thread at a time.
    bool wait_until(std::optional<time_point> deadline = {}) noexcept {
        return event_.load(std::memory_order_acquire)->wait_until(deadline);
    }

    /// Has `further` run when it has finished, or now if it has. Of several each runs, in no order. Any
    /// thread; another may wait meanwhile.
    void then(continuation& further) noexcept;

    /// The same for the first one, before it begins.
    void then_first(continuation& first) noexcept { first_.store(&first, std::memory_order_relaxed); }

    // ---- Its stop

    detail::stop_state& stop() noexcept { return stop_; }

    /// Asks for the stop; true if nobody had, and it has not finished.
    bool request_stop(detail::stopped_by who) noexcept { return !finished() && stop_.request(who); }

    /// What a stop by this limit has ended says so. Before it begins; the limit is kept by the caller.
    void explain_by(detail::call_timer const* limit) noexcept { limit_ = limit; }
    detail::call_timer const* limit() const noexcept { return limit_; }
    void explain(failure& why) const;

    // ---- For models; any thread

    /// Tasks without an outcome.
    std::size_t left() const noexcept { return left_.load(std::memory_order_relaxed); }

    /// `tasks` more have an outcome. True if they were the last; who hears that has yet to call finish().
    bool count_off(std::size_t tasks) noexcept {
        // Where as many are left, nobody else has any to count off.
        if (left_.load(std::memory_order_acquire) == tasks) {
            left_.store(0, std::memory_order_relaxed);
            return true;
        }
        return left_.fetch_sub(tasks, std::memory_order_acq_rel) == tasks;
    }

    /// Every outcome is here. Wakes who waits for it, and who waits at `any` for one of several; and runs the
    /// continuations. It may be gone afterwards.
    void finish(detail::eventcount& any) noexcept;

    /// Until finish(), this event tells its end in place of its own.
    void end_elsewhere(detail::one_shot_event& event) noexcept {
        event_.store(&event, std::memory_order_release);
    }

    /// From now on only finish() tells its end.
    void end_here() noexcept { event_.store(&finished_, std::memory_order_release); }

private:
    std::atomic<std::size_t> left_;
    [[no_unique_address]] detail::stop_state stop_;
    detail::one_shot_event finished_;  // in the padding of what is before it
    detail::call_timer const* limit_ = nullptr;
    std::atomic<continuation*> first_{nullptr};  // a stack; closed when they run
    std::atomic<detail::one_shot_event*> event_{&finished_};
};

}  // namespace quartet::inline v0
