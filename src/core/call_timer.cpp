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
        : limit(time),
          follow(caller, [this] { source.request_stop(); }),
          waiter([this](std::stop_token ended) {
              std::unique_lock lock(mutex);
              auto const deadline = deadline_after(std::chrono::steady_clock::now(), limit);
              if (changed.wait_until(lock, ended, deadline, [] { return false; }) || ended.stop_requested() ||
                  source.stop_requested())
                  return;
              fired = true;
              source.request_stop();
          }) {}

    std::chrono::nanoseconds limit;
    std::stop_source source;
    std::atomic<bool> fired = false;
    std::mutex mutex;
    std::condition_variable_any changed;
    std::stop_callback<std::function<void()>> follow;
    std::jthread waiter;  // last: it uses the others
};

call_timer::call_timer(std::stop_token caller, std::chrono::nanoseconds limit) : token_(std::move(caller)) {
    if (limit == limit.max()) return;
    state_ = std::make_unique<state>(token_, limit);
    token_ = state_->source.get_token();
}
call_timer::~call_timer() = default;

bool call_timer::fired() const noexcept {
    return state_ && state_->fired;
}

void call_timer::explain(failure& why) const {
    why.why = cause::timed_out;
    why.message = fmt::format("the call's time of {:g} s was up: {}",
                              std::chrono::duration<double>(state_->limit).count(), why.message);
}

}  // namespace quartet::detail
