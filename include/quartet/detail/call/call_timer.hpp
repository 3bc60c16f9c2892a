// include/quartet/detail/call/call_timer.hpp
//
// Stops a call when its time is up. The deadlines of all calls are waited for by one thread.
#pragma once

#include <quartet/detail/io/stop_state.hpp>
#include <quartet/outcome.hpp>

#include <chrono>
#include <memory>
#include <stop_token>

namespace quartet::inline v0::detail {

class call_timer {
public:
    /// Without a limit (nanoseconds::max()) and `further` nothing more than the caller's token. `further` is
    /// another one that stops the call. Throws std::bad_alloc; with a limit, std::system_error if it is the
    /// process's first and the system has no thread.
    call_timer(std::stop_token caller, std::chrono::nanoseconds limit, std::stop_token const& further = {});
    ~call_timer();
    call_timer(call_timer const&) = delete;
    call_timer& operator=(call_timer const&) = delete;

    /// Stopped by the caller, by `further`, or when the time is up.
    std::stop_token const& token() const noexcept { return token_; }

    /// Whether it was the time that came first.
    bool fired() const noexcept;

    /// Makes a failure that says "cancelled" one that says "timed out".
    void explain(failure& why) const;

private:
    struct state;
    std::stop_token token_;
    std::shared_ptr<state> state_;
};

/// What stops a call when the token of its timer does; `timer` may be null.
inline stopped_by who_stops(call_timer const* timer) noexcept {
    return timer && timer->fired() ? stopped_by::call_limit : stopped_by::request;
}

}  // namespace quartet::inline v0::detail
