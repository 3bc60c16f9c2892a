// include/quartet/detail/check_body.hpp
//
// What makes a function a body, and what is said where one is not.
#pragma once

#include <quartet/codec.hpp>
#include <quartet/detail/map_job.hpp>
#include <quartet/detail/own_awaitable.hpp>
#include <quartet/task.hpp>

#include <type_traits>

namespace quartet::detail {

template <class Body, class In>
concept coroutine_body = requires(Body& body, context& where, In const& input) {
    requires is_task<std::remove_cvref_t<decltype(body(where, input))>>;
};
template <class Body, class In>
concept plain_body = requires(Body& body, In const& input) {
    body(input);
    requires !is_task<std::remove_cvref_t<decltype(body(input))>>;
};

template <class R>
concept crossable_result = std::is_void_v<R> || crossable<R>;

/// Says in one sentence what is wrong with a body or its inputs; false if there is anything.
template <class Body, class In>
consteval bool check_body() {
    constexpr bool callable = coroutine_body<Body, In> || plain_body<Body, In>;
    static_assert(
        callable,
        "quartet: a body is a coroutine task<R>(context&, In) or a plain function R(In) that takes an "
        "element of the inputs by value or const reference");
    constexpr bool closure = std::is_trivially_copyable_v<Body>;
    static_assert(
        closure,
        "quartet: the body can't cross to a process: what it captures must be trivially copyable; pass "
        "strings, containers and other owners of memory as inputs instead");
    constexpr bool input = crossable<In>;
    static_assert(
        input,
        "quartet: the inputs can't cross to a process: pointers and views leave behind what they point to, "
        "and other types need a serialize() function or a specialization of quartet::codec");
    if constexpr (callable && closure && input) {
        constexpr bool result = crossable_result<typename body_result<Body, In>::type>;
        static_assert(
            result,
            "quartet: the result can't cross from a process: pointers and views leave behind what they point "
            "to, and other types need a serialize() function or a specialization of quartet::codec");
        return result;
    } else {
        return false;
    }
}

}  // namespace quartet::detail
