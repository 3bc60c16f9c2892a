// include/quartet/detail/call/call.hpp
//
// What a future sees of its call.
#pragma once

#include <quartet/backend/completion.hpp>
#include <quartet/detail/base/own_process.hpp>
#include <quartet/detail/io/stop_state.hpp>
#include <quartet/detail/io/suspension.hpp>
#include <quartet/outcome.hpp>

#include <chrono>
#include <forward_list>
#include <memory>
#include <optional>
#include <string>

namespace quartet::inline v0::detail {

/// Says on standard error that a call failed and nobody took its outcome. The first of a process are named,
/// the others are not.
void report_untaken(std::string const& body, failure const& why) noexcept;

/// A body's wait for the end of a call. The call keeps it: until it has ended, it keeps itself.
class call_wait final : public continuation, public suspension {
    void run() noexcept override { claim_and_end(); }
};

/// What a future sees of its call, but for the value. It keeps itself until its end has been told.
class any_call {
public:
    using time_point = std::chrono::steady_clock::time_point;

    any_call() = default;
    any_call(any_call const&) = delete;
    any_call& operator=(any_call const&) = delete;
    virtual ~any_call() = default;
    virtual bool ended() noexcept = 0;
    virtual bool wait_until(std::optional<time_point> deadline) = 0;
    virtual void cancel(stopped_by who) noexcept = 0;
    virtual bool stop_requested() noexcept = 0;

    /// False on the thread of an event loop that has to run it.
    virtual bool can_wait() noexcept = 0;

    /// As job_driver::begin_in_place, on such a thread.
    virtual void begin_in_place() = 0;

    /// Whether it goes on while no thread waits for it.
    virtual bool goes_on_alone() const noexcept = 0;

    /// Nobody will wait for it any more.
    virtual void abandon() noexcept = 0;

    /// Has `further` run when it has ended. The caller keeps the call meanwhile, and no thread waits for it.
    virtual void then(continuation& further) noexcept = 0;

    /// What ends when the call has ended, for a body on the thread of its future. It is a part of the call.
    static std::shared_ptr<suspension> suspend_until_end(std::shared_ptr<any_call> which);

    /// Whether this is the process that made it: in another one nobody would ever end it.
    bool is_here() const noexcept { return is_still(made_in_); }

private:
    process_stamp const made_in_ = this_process();
    std::forward_list<call_wait> waits_;  // of several the older ones were given up
};

/// On the thread of an event loop: whether that has to run the call, which has not ended. Throws
/// std::logic_error for one that goes on only while a thread waits for it.
bool is_of_own_executor(any_call& which);

template <class R>
class call : public any_call {
public:
    /// When it has ended.
    virtual outcome<R> take() = 0;
};

}  // namespace quartet::inline v0::detail
