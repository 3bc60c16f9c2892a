// include/quartet/detail/call/body_call.hpp
//
// What kind of body it is, what it gives, and how it is called in a blocking context.
#pragma once

#include <quartet/context.hpp>
#include <quartet/detail/base/own_process.hpp>
#include <quartet/detail/io/limited.hpp>
#include <quartet/detail/io/own_awaitable.hpp>
#include <quartet/task.hpp>

#include <chrono>
#include <type_traits>

namespace quartet::inline v0::detail {

/// Whether it is given the context of its task: every coroutine is, and plain functions that ask for it.
template <class Body, class In>
inline constexpr bool takes_context = std::is_invocable_v<Body&, context&, In const&>;

template <class Body, class In>
inline constexpr bool is_coroutine_body = false;
template <class Body, class In>
requires takes_context<Body, In>
inline constexpr bool is_coroutine_body<Body, In> =
    is_task<std::remove_cvref_t<std::invoke_result_t<Body&, context&, In const&>>>;

inline constexpr std::chrono::nanoseconds no_task_limit = std::chrono::nanoseconds::max();

/// Calls a body of either kind in a blocking context, for no longer than `limit`. A plain function can't be
/// told of its limit. A child that the body has forked ends where the body does; `process` is the caller's.
template <class Body, class In>
decltype(auto) call_body(Body& body, context& ctx, In const& input, std::chrono::nanoseconds limit,
                         process_stamp process) {
    same_process const here(process);
    if constexpr (is_coroutine_body<Body, In>) {
        if (limit != no_task_limit) [[unlikely]]
            return run_straight(body(ctx, input), ctx, limit);
        return run_straight(body(ctx, input));
    } else if constexpr (takes_context<Body, In>) {
        return body(ctx, input);
    } else {
        return body(input);
    }
}

/// What calling the body gives, as it is declared: R of task<R>(context&, In), R(context&, In) or R(In).
template <class Body, class In>
struct declared_result {
    using type = std::invoke_result_t<Body&, In const&>;
};
template <class Body, class In>
requires(takes_context<Body, In> && !is_coroutine_body<Body, In>) struct declared_result<Body, In> {
    using type = std::invoke_result_t<Body&, context&, In const&>;
};
template <class Body, class In>
requires is_coroutine_body<Body, In>
struct declared_result<Body, In> {
    using type = typename std::remove_cvref_t<std::invoke_result_t<Body&, context&, In const&>>::value_type;
};

/// The value that it gives.
template <class Body, class In>
struct body_result {
    using type = std::decay_t<typename declared_result<Body, In>::type>;
};

}  // namespace quartet::inline v0::detail
