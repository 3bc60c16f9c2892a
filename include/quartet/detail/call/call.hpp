// include/quartet/detail/call/call.hpp
//
// What a future sees of its call.
#pragma once

#include <quartet/backend/completion.hpp>
#include <quartet/detail/io/stop_state.hpp>
#include <quartet/outcome.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace quartet::inline v0::detail {

/// Says on standard error that a call failed and nobody took its outcome. The first of a process are named,
/// the others are not.
void report_untaken(std::string const& body, failure const& why) noexcept;

/// What a future sees of its call.
template <class R>
class call {
public:
    using time_point = std::chrono::steady_clock::time_point;

    virtual ~call() = default;
    virtual bool ended() noexcept = 0;
    virtual bool wait_until(std::optional<time_point> deadline) = 0;
    virtual void cancel(stopped_by who) noexcept = 0;
    virtual bool stop_requested() noexcept = 0;

    /// Nobody will wait for it any more.
    virtual void abandon() noexcept = 0;

    /// Has `further` run when it has ended. The caller keeps the call meanwhile, and no thread waits for it.
    virtual void then(continuation& further) noexcept = 0;

    /// When it has ended.
    virtual outcome<R> take() = 0;
};

}  // namespace quartet::inline v0::detail
