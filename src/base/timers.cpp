#include "src/base/timers.hpp"

#include "src/base/all_signals_blocked.hpp"
#include "src/base/futex.hpp"

#include <quartet/detail/base/fork_visibility.hpp>

#include <algorithm>
#include <pthread.h>
#include <thread>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

/// How long the thread waits for a further deadline before it ends.
constexpr auto linger = std::chrono::milliseconds(100);

}  // namespace

/// The timers of this process are those that were made after as many forks as it has seen. They are never
/// destroyed: their thread may be about to end.
struct timers::process_wide {
    struct made {
        timers it;
        std::uint32_t after;
    };
    std::atomic<made*> last{nullptr};
};

timers& timers::of_calls() {
    static constinit process_wide known{};
    return in_this_process(known);
}

timers& timers::of_tries() {
    static constinit process_wide known{};
    return in_this_process(known);
}

timers& timers::of_watchers() {
    static constinit process_wide known{};
    return in_this_process(known);
}

/// No lock here, which a fork might find held.
timers& timers::in_this_process(process_wide& known) {
    using made = process_wide::made;
    made* seen = known.last.load(std::memory_order_acquire);
    std::uint32_t const now = forks.load();
    if (seen && seen->after == now) return seen->it;
    auto own = std::unique_ptr<made>(new made{{}, now});
    if (known.last.compare_exchange_strong(seen, own.get(), std::memory_order_acq_rel))
        return own.release()->it;  // those of the process that forked this one stay where they are
    return seen->it;
}

void timers::add(std::shared_ptr<timed> what, clock::time_point deadline) {
    timed& added = *what;
    bool is_first = false;
    {
        std::lock_guard const lock(mutex_);
        start();
        added.among_ = this;
        added.made_after_ = forks.load();
        added.position_ = waiting_.emplace(deadline, std::move(what));
        is_first = *added.position_ == waiting_.begin();
        if (is_first) changes_.fetch_add(1);
    }
    if (is_first) futex_wake_all(changes_);
}

/// The thread sleeps on until the deadline that is gone, if others follow: that is cheaper than to wake it
/// for each.
void timers::take_back(timed& what) noexcept {
    if (!what.among_ || what.made_after_ != forks.load()) return;
    timers& among = *what.among_;
    timed::queue::node_type gone;  // destroyed when the lock is free
    {
        std::lock_guard const lock(among.mutex_);
        if (!what.position_) return;
        gone = among.waiting_.extract(*std::exchange(what.position_, std::nullopt));
        if (!among.waiting_.empty()) return;
        among.changes_.fetch_add(1);
    }
    futex_wake_all(among.changes_);
}

/// Under the lock.
void timers::start() {
    if (started_) return;
    all_signals_blocked const in_it;
    std::thread([this] { run(); }).detach();
    started_ = true;
}

void timers::run() {
    pthread_setname_np(pthread_self(), "quartet-timers");
    auto leaves_at = clock::time_point::max();  // unless there is something to wait for
    for (;;) {
        std::shared_ptr<timed> due;
        clock::time_point next;
        std::uint32_t seen = 0;
        {
            std::lock_guard const lock(mutex_);
            auto const now = clock::now();
            seen = changes_.load();
            if (waiting_.empty()) {
                next = leaves_at = std::min(leaves_at, now + linger);
                if (next <= now) {
                    started_ = false;
                    return;
                }
            } else {
                leaves_at = clock::time_point::max();
                next = waiting_.begin()->first;
                if (next <= now) due = take_first();
            }
        }
        if (due) {
            due->time_is_up();
        } else {
            futex_wait(changes_, seen, next);
        }
    }
}

/// Under the lock.
std::shared_ptr<timed> timers::take_first() noexcept {
    auto first = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    first->position_.reset();
    return first;
}

}  // namespace quartet::inline v0::detail
