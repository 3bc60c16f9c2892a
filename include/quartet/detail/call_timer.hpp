// include/quartet/detail/call_timer.hpp
//
// Stops a call when its time is up.
#pragma once

#include <quartet/outcome.hpp>

#include <chrono>
#include <memory>
#include <stop_token>
#include <thread>

namespace quartet::detail {

class call_timer {
public:
    /// Without a limit (nanoseconds::max()) nothing more than the caller's token. Otherwise a thread waits
    /// for the limit, and throws std::system_error if the system has none.
    call_timer(std::stop_token caller, std::chrono::nanoseconds limit);
    ~call_timer();
    call_timer(call_timer const&) = delete;
    call_timer& operator=(call_timer const&) = delete;

    /// The caller's stop, or the end of the time.
    std::stop_token const& token() const noexcept { return token_; }

    bool fired() const noexcept;

    /// Makes a failure by a cancel one by the time limit.
    void explain(failure& why) const;

private:
    struct state;
    std::stop_token token_;
    std::shared_ptr<state> state_;  // with the thread
    std::thread waiter_;
};

}  // namespace quartet::detail
