// include/quartet/nested.hpp
//
// Calls that bodies make of their context: for work that is split while it runs, to any depth.
//
//     quartet::task<long> fib(quartet::context& ctx, int n) {
//         if (n < 2) co_return n;
//         auto left = ctx.submit(fib, n - 1);
//         long const right = co_await fib(ctx, n - 2);
//         co_return co_await left + right;
//     }
//
//     auto pages = co_await ctx.map(fetch_page, urls);
//
// What such a call takes and gives are values, as with an executor, so it may run at the same time as its
// body. Under `threads` a thread that has nothing to do takes it, and under `processes:N` a worker process,
// to which the values cross as those of a task. On an event loop a coroutine goes on there while its body
// does, or on another loop of the pool that has nothing to do; plain functions run one after another. Neither
// counts for the number of bodies that a loop has under way. Plain functions there can't call coroutines:
// that throws std::logic_error. Elsewhere a call runs where it is waited for.
//
// A body that waits for a call runs it, if nobody has begun it, or else helps with it, and runs other calls
// that it has made since. So a pool never waits for itself; but a call must not wait for what its body does
// only later. Calls may be nested to any depth: where the stack of a thread is nearly used up, another thread
// takes over. That one is none of the pool: there, a call of the own executor can't be waited for.
//
// A call does not outlive the body that has made it. A stop of that reaches it, and a time limit that holds
// where the call is made; on a loop also one around its await. A shield (context::shielded) holds for a call
// that is made behind it, except on a loop. Whether it sees a task_local of its body is not said.
//
// A call is a part of a task: it has no outcome of its own and no further tries. Where a recorder keeps
// everything (task_recorder.hpp) it leaves a record within that of its task, which says what made it; else
// that costs a test.
//
// A call that runs in another process, which dies, throws a task_error where it is awaited, and its body may
// go on; exceptions come from there as those of tasks do (outcome.hpp). If the body's process dies, what it
// has made is of no use and ends.
#pragma once

#include <quartet/context.hpp>
#include <quartet/detail/call/body_adaptors.hpp>
#include <quartet/detail/call/body_call.hpp>
#include <quartet/detail/call/check_body.hpp>
#include <quartet/detail/call/inputs.hpp>
#include <quartet/detail/call/loop_call.hpp>
#include <quartet/detail/call/nested_map.hpp>
#include <quartet/detail/call/thread_call.hpp>
#include <quartet/detail/io/own_awaitable.hpp>
#include <quartet/task.hpp>

#include <coroutine>
#include <memory>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace quartet::inline v0 {

/// A call that a body has made by context::submit, and its value. For the body's thread. One that is dropped
/// is cancelled: if it has not begun it never does, if it is under way on another thread it is waited for.
///
/// Without a call (moved from, or after its value was taken) it can be assigned to and destroyed; all else
/// throws std::logic_error.
template <class R>
class [[nodiscard]] nested_call {
    using on_thread = std::unique_ptr<detail::thread_call<R>, detail::drop_thread_call>;
    using on_loop = std::unique_ptr<detail::typed_loop_call<R>, detail::drop_loop_call>;

public:
    using value_type = R;

    nested_call() = default;

    bool valid() const noexcept { return on_thread_ || on_loop_; }

    /// Whether it has ended. Does not wait.
    bool done() const {
        require_call();
        return on_thread_ ? on_thread_->has_ended() : on_loop_->ended();
    }

    /// Its value; throws what the body threw. Runs it or waits for it. In a coroutine on an event loop throws
    /// std::logic_error for a call of a coroutine that has not ended: that is awaited. Once.
    R get() {
        require_call();
        if (on_loop_ && !on_loop_->ended()) [[unlikely]]
            detail::misuse("a body on an event loop can't wait for a coroutine by get(): co_await the call");
        if (on_thread_) on_thread_->finish();
        return take();
    }

    /// The same in a coroutine, of which one part at a time waits, and which suspends meanwhile on an event
    /// loop. A stop or a time limit of the body ends the wait there, with `cancelled`.
    auto operator co_await() {
        struct awaiter : detail::own_awaiter {
            explicit awaiter(nested_call& which) noexcept : of(which) {}
            nested_call& of;
            std::optional<detail::loop_call_operation> operation;  // if it has to wait on a loop

            bool await_ready() {
                of.require_call();
                if (of.on_thread_) {
                    of.on_thread_->finish();
                    return true;
                }
                return of.on_loop_->ended() || operation.emplace(*of.ctx_, *of.on_loop_).await_ready();
            }
            void await_suspend(std::coroutine_handle<> waiter) noexcept { operation->await_suspend(waiter); }
            R await_resume() {
                if (operation) operation->await_resume();
                return of.take();
            }
        };
        return awaiter(*this);
    }

private:
    template <class, class...>
    friend struct detail::calls_of;

    explicit nested_call(on_thread made) noexcept : on_thread_(std::move(made)) {}
    nested_call(context& ctx, on_loop made) noexcept : ctx_(&ctx), on_loop_(std::move(made)) {}

    void require_call() const {
        if (!valid()) [[unlikely]]
            detail::misuse("this has no call: it is empty, was moved from, or its value was taken");
    }

    R take() {
        require_call();
        auto const thread = std::move(on_thread_);
        auto const loop = std::move(on_loop_);
        if (thread) return thread->take();
        return loop->take();
    }

    context* ctx_ = nullptr;
    on_thread on_thread_;
    on_loop on_loop_;
};

/// The results of a context::map, in the order of the inputs, which run when they are waited for: by
/// co_await, or in plain functions by get(). Throws map_error, with every failure, if a body failed; the
/// others have run all the same.
template <class T>
class [[nodiscard]] nested_results {
public:
    nested_results(task<T> whole, bool suspends) noexcept : whole_(std::move(whole)), suspends_(suspends) {}

    /// Throws std::logic_error on an event loop, if the bodies are coroutines.
    T get() {
        if (suspends_) [[unlikely]]
            detail::misuse("a body on an event loop can't wait for coroutines by get(): co_await the map");
        return detail::run_straight(std::move(whole_));
    }

    auto operator co_await() && noexcept { return std::move(whole_).operator co_await(); }

private:
    task<T> whole_;
    bool suspends_;
};

template <class Body, class... Args>
struct detail::calls_of {
    static auto submit(context& ctx, Body body, Args... args) {
        using in = std::tuple<kept_argument<Args>...>;
        using whole = apply_args<Body>;
        if constexpr (check_body<whole, in>()) {
            using result = typename body_result<whole, in>::type;
            if constexpr (is_coroutine_body<whole, in>) {
                if (begins_on_loop(ctx)) {
                    auto const make = [&](loop_call const& call) {
                        return begin_later<whole, in, result>(call, whole{std::move(body)},
                                                              in(std::move(args)...));
                    };
                    return nested_call<result>(ctx, typename nested_call<result>::on_loop(
                                                        new typed_loop_call<result>(ctx, false, make)));
                }
            }
            require_own_context(ctx);
            typename nested_call<result>::on_thread made(
                new body_thread_call<whole, in>(ctx, whole{std::move(body)}, in(std::move(args)...)));
            made->offer();
            return nested_call<result>(std::move(made));
        }
    }

    template <class Range>
    static auto map(context& ctx, Body body, Range&& inputs) {
        using in = std::ranges::range_value_t<Range>;
        if constexpr (check_body<Body, in>() && check_inputs<Range>()) {
            using result = typename body_result<Body, in>::type;
            bool on_loop = false;
            if constexpr (is_coroutine_body<Body, in>) on_loop = begins_on_loop(ctx);
            return nested_results<mapped_t<result>>(
                map_nested<Body, in, result>(ctx, std::move(body), kept_inputs(std::forward<Range>(inputs)),
                                             on_loop),
                on_loop);
        }
    }
};

}  // namespace quartet::inline v0
