#include <quartet/detail/call_timer.hpp>
#include <quartet/detail/deadline.hpp>

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace quartet::detail {

struct call_timer::state {
    state(std::stop_token const& caller, std::chrono::nanoseconds time)
        : limit(time), follow(caller, [this] { source.request_stop(); }) {}

    /// Until the time is up or the call is over.
    void wait() {
        auto const deadline = deadline_after(std::chrono::steady_clock::now(), limit);
        {
            std::unique_lock lock(mutex);
            if (changed.wait_until(lock, deadline, [this] { return over; }) || source.stop_requested())
                return;
            fired = true;
        }
        source.request_stop();  // which may end the call, and drop its timer
    }

    void end() {
        {
            std::lock_guard const lock(mutex);
            over = true;
        }
        changed.notify_one();
    }

    std::chrono::nanoseconds limit;
    std::stop_source source;
    std::atomic<bool> fired = false;
    std::mutex mutex;
    std::condition_variable changed;
    bool over = false;  // guarded by mutex
    std::stop_callback<std::function<void()>> follow;
};

call_timer::call_timer(std::stop_token caller, std::chrono::nanoseconds limit) : token_(std::move(caller)) {
    if (limit == limit.max()) return;
    state_ = std::make_shared<state>(token_, limit);
    token_ = state_->source.get_token();
    waiter_ = std::thread([state = state_] { state->wait(); });
}

call_timer::~call_timer() {
    if (!state_) return;
    state_->end();
    if (waiter_.get_id() == std::this_thread::get_id()) {
        waiter_.detach();  // it ends the call that it was to watch
    } else {
        waiter_.join();
    }
}

bool call_timer::fired() const noexcept {
    return state_ && state_->fired;
}

void call_timer::explain(failure& why) const {
    why.why = cause::timed_out;
    why.message = fmt::format("the call's time of {:g} s was up: {}",
                              std::chrono::duration<double>(state_->limit).count(), why.message);
}

}  // namespace quartet::detail
