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
#include <quartet/detail/call/join_operation.hpp>
#include <quartet/detail/call/then_call.hpp>
#include <quartet/detail/io/current_context.hpp>
#include <quartet/detail/io/own_awaitable.hpp>
#include <quartet/outcome.hpp>

#include <chrono>
#include <coroutine>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace quartet::inline v0 {

template <class R>
class future;

namespace detail {

struct future_access;

/// Waits for the end of a future's call in a body, and gives its value.
template <class R>
class join_awaiter : public own_awaiter {
public:
    explicit join_awaiter(future<R>& of) noexcept : of_(of) {}

    bool await_ready() {
        context* const ctx = of_.done() ? nullptr : current_context();
        if (!ctx) {
            of_.wait();
            return true;
        }
        return operation_.emplace(*ctx, of_.call_).await_ready();
    }
    void await_suspend(std::coroutine_handle<> waiter) noexcept { operation_->await_suspend(waiter); }
    R await_resume() {
        if (operation_) operation_->await_resume();
        return of_.get();
    }

private:
    future<R>& of_;
    std::optional<join_operation> operation_;  // if it has to wait
};

}  // namespace detail

/// The end of one call. May be moved; for one thread at a time. It may outlive its executor, whose end gives
/// it an outcome; but no thread may be within one of its members while the executor is destroyed. Dropping it
/// does not end the call; if that fails, a line on standard error says so.
///
/// One without a call (made by the default constructor, moved from, or after get() or take()) can be assigned
/// to, destroyed and asked whether it is valid(); all other members throw std::logic_error.
template <class R>
class [[nodiscard]] future {
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

    /// In a body: `co_await` a future, of its own executor or another. As get(), and on an event loop other
    /// bodies run meanwhile. A stop or a time limit of the body ends the wait, with `cancelled`; the call
    /// goes on, and the future is as it was. Of a body that waits for a call of its own executor the place on
    /// the loop is free meanwhile, and that call has it first. In a blocking context see wait_for().
    ///
    /// Throws std::logic_error on a loop for a call of a fake that is not the body's own: it goes on only
    /// while a thread waits for it.
    auto operator co_await() { return detail::join_awaiter<R>(*this); }

    /// Has `function` called at the end, and gives the future of what that returns; this future has no call
    /// any more. A function that takes an outcome<R> hears of every end; one that takes the value (none for
    /// future<void>) of good ends only, and the failure passes on. What it throws is the failure of the new
    /// future, whose cancel() asks the call to stop.
    ///
    /// It is called by the thread that brings the outcome (a worker, the thread of an event loop, the
    /// supervisor of worker processes), which it holds up, or right here if that was before. It may begin
    /// calls and stop them, but must wait for none.
    ///
    /// If the new future is dropped, the function is called all the same. Costs an allocation.
    template <class Function>
    auto then(Function function) {
        static_cast<void>(call());
        using made = detail::then_call<R, Function>;
        using result = std::decay_t<typename detail::then_result<Function, R>::type>;
        return future<result>(made::begin(std::exchange(call_, nullptr), std::move(function)));
    }

    /// As then(), for a function that gives nothing anybody waits for: what it throws is a line on standard
    /// error.
    template <class Function>
    void on_done(Function function) {
        static_cast<void>(then(std::move(function)));
    }

    /// Asks the call to stop. If it has not begun, it never does. If it is under way, what it awaits ends
    /// early; under `processes` a worker that goes on is ended (docs/models.md). Does not wait.
    void cancel() { call().cancel(detail::stopped_by::request); }

private:
    template <class>
    friend class detail::join_awaiter;
    friend struct detail::future_access;

    detail::call<R>& call() const {
        if (!call_) [[unlikely]]
            detail::misuse("this future has no call: it is empty, was moved from, or its outcome was taken");
        if (!call_->is_here()) [[unlikely]]
            detail::misuse("this future belongs to the process that made it, and has no call in this one");
        return *call_;
    }

    std::shared_ptr<detail::call<R>> call_;
};

}  // namespace quartet::inline v0
