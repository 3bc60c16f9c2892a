// include/quartet/detail/call/body_adaptors.hpp
//
// Adaptors of bodies: a body of several arguments as one of a tuple, and a body without its result.
#pragma once

#include <quartet/context.hpp>
#include <quartet/detail/call/body_call.hpp>
#include <quartet/task.hpp>

#include <concepts>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace quartet::inline v0::detail {

/// Calls body(context&, args…) or body(args…) with the elements of a tuple, as std::apply does.
template <class Body>
struct apply_args {
    Body body;

    template <class... Args>
    auto operator()(context& ctx, std::tuple<Args...> const& args)
        -> std::invoke_result_t<Body&, context&, Args const&...> {
        return std::apply([&](Args const&... each) { return body(ctx, each...); }, args);
    }

    template <class... Args>
    requires(!std::is_invocable_v<Body&, context&, Args const&...>) auto operator()(
        std::tuple<Args...> const& args) -> std::invoke_result_t<Body&, Args const&...> {
        return std::apply([&](Args const&... each) { return body(each...); }, args);
    }

    template <class First, class Second>
    auto operator()(context& ctx, std::pair<First, Second> const& args)
        -> std::invoke_result_t<Body&, context&, First const&, Second const&> {
        return body(ctx, args.first, args.second);
    }

    template <class First, class Second>
    requires(!std::is_invocable_v<Body&, context&, First const&, Second const&>) auto operator()(
        std::pair<First, Second> const& args) -> std::invoke_result_t<Body&, First const&, Second const&> {
        return body(args.first, args.second);
    }
};

/// The type as which an argument is kept until its call begins. A pointer to characters is kept as a string,
/// since the characters may be gone by then.
template <class Arg>
using kept_argument =
    std::conditional_t<std::is_same_v<Arg, char const*> || std::is_same_v<Arg, char*>, std::string, Arg>;

/// A body without its result.
template <class Body>
struct drop_result {
    Body body;

    template <class In>
    requires is_coroutine_body<Body, In> task<void>
    operator()(context& ctx, In const& input) { co_await body(ctx, input); }

    template <class In>
    requires(takes_context<Body, In> && !is_coroutine_body<Body, In>) void operator()(context& ctx,
                                                                                      In const& input) {
        static_cast<void>(body(ctx, input));
    }

    template <class In>
    requires(!takes_context<Body, In>) void operator()(In const& input) { static_cast<void>(body(input)); }
};

}  // namespace quartet::inline v0::detail
