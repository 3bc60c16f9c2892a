// include/quartet/future.hpp
//
// future<R>: what executor::submit gives, and through which the caller hears of the one call.
//
//     auto size = executor.submit(save_page, url);
//     …
//     fmt::print("{}\n", size.get());
#pragma once

#include <quartet/detail/base/deadline.hpp>
#include <quartet/detail/base/misuse.hpp>
#include <quartet/detail/call/call.hpp>
#include <quartet/outcome.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace quartet::inline v0 {

/// The end of one call. May be moved; for one thread at a time. It may outlive its executor, whose end gives
/// it an outcome; but no thread may be within one of its members while the executor is destroyed. Dropping it
/// does not end the call; if that fails, a line on standard error says so.
///
/// One without a call (made by the default constructor, moved from, or after get() or take()) can be assigned
/// to, destroyed and asked whether it is valid(); all other members throw std::logic_error.
template <class R>
class future {
public:
    using value_type = R;

    future() = default;
    explicit future(std::shared_ptr<detail::call<R>> what) noexcept : call_(std::move(what)) {}
    future(future&&) noexcept = default;
    future& operator=(future&& other) noexcept {
        if (this == &other) return *this;
        auto const dropped = std::exchange(call_, std::move(other.call_));
        if (dropped) dropped->abandon();
        return *this;
    }
    ~future() {
        if (call_) call_->abandon();
    }

    /// Whether there is a call: not after get() or take().
    bool valid() const noexcept { return call_ != nullptr; }

    /// Whether the call has ended. Does not wait.
    bool done() const { return call().ended(); }

    /// Whether the call was asked to stop and has not ended. One that stays so ignores its stop: only under
    /// `processes` it is ended all the same. Does not wait.
    bool stopping() const { return call().stop_requested() && !call().ended(); }

    /// Waits for the end. Throws std::logic_error in a body on an event loop of the executor, which could not
    /// go on meanwhile.
    void wait() { call().wait_until({}); }

    /// Waits for the end, for `limit` at the most; true if it has come. In a body on a thread of the
    /// executor's pool a call that nobody has begun is run right here, however long that takes.
    bool wait_for(std::chrono::nanoseconds limit) {
        return call().wait_until(detail::deadline_after(std::chrono::steady_clock::now(), limit));
    }

    /// The value. Waits for the end; throws what the body threw, or task_error. Once.
    R get() {
        if constexpr (std::is_void_v<R>) {
            take().value();
        } else {
            return take().value();
        }
    }

    /// The outcome. Waits for the end; does not throw if the call failed. Once.
    outcome<R> take() {
        wait();
        auto const ended = std::exchange(call_, nullptr);
        return ended->take();
    }

    /// Asks the call to stop. If it has not begun, it never does. If it is under way, what it awaits ends
    /// early; under `processes` a worker that goes on is ended (docs/models.md). Does not wait.
    void cancel() { call().cancel(detail::stopped_by::request); }

private:
    detail::call<R>& call() const {
        if (!call_) [[unlikely]]
            detail::misuse("this future has no call: it is empty, was moved from, or its outcome was taken");
        return *call_;
    }

    std::shared_ptr<detail::call<R>> call_;
};

}  // namespace quartet::inline v0
