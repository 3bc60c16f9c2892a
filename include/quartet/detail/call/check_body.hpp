// include/quartet/detail/call/check_body.hpp
//
// What makes a function a body, and what is said where one is not.
#pragma once

#include <quartet/codec.hpp>
#include <quartet/detail/call/map_job.hpp>
#include <quartet/detail/io/own_awaitable.hpp>
#include <quartet/task.hpp>

#include <concepts>
#include <cstddef>
#include <iterator>
#include <ranges>
#include <type_traits>

namespace quartet::inline v0::detail {

template <class Body, class In>
concept coroutine_body = requires(Body& body, context& ctx, In const& input) {
    requires is_task<std::remove_cvref_t<decltype(body(ctx, input))>>;
};
template <class Body, class In>
concept plain_body = requires(Body& body, In const& input) {
    body(input);
    requires !is_task<std::remove_cvref_t<decltype(body(input))>>;
}
|| requires(Body& body, context& ctx, In const& input) {
    body(ctx, input);
    requires !is_task<std::remove_cvref_t<decltype(body(ctx, input))>>;
};

/// Says in one sentence what is wrong with what a body gives; false if there is anything.
template <class R>
consteval bool check_result() {
    constexpr bool plain = !std::is_reference_v<R> && !std::is_const_v<R>;
    static_assert(plain,
                  "quartet: a body gives a value, which can cross models: neither a reference nor something "
                  "const; give a copy, or the place of what is meant");
    if constexpr (plain && !std::is_void_v<R>) {
        constexpr bool cross = crossable<R>;
        static_assert(
            cross,
            "quartet: the result can't cross from a process: pointers and views leave behind what they point "
            "to, so do iterators and structs that hold one; other types need a serialize() member, what "
            "<quartet/codec_cereal.hpp> brings, or a specialization of quartet::codec");
        constexpr bool placed = std::is_move_constructible_v<R> && std::is_move_assignable_v<R>;
        static_assert(
            placed,
            "quartet: a result is moved to its place when its task has ended: it must be movable and "
            "assignable, which const members prevent");
        return cross && placed;
    } else {
        return std::is_void_v<R>;
    }
}

/// Says in one sentence what is wrong with a body or its inputs; false if there is anything.
template <class Body, class In>
consteval bool check_body() {
    constexpr bool callable = coroutine_body<Body, In> || plain_body<Body, In>;
    static_assert(
        callable,
        "quartet: a body is a coroutine task<R>(context&, In) or a plain function R(In) or R(context&, In) "
        "that takes an element of the inputs by value or const reference");
    constexpr bool closure = std::is_trivially_copyable_v<Body>;
    static_assert(
        closure,
        "quartet: the body can't cross to a process: what it captures must be trivially copyable; pass "
        "strings, containers and other owners of memory as inputs instead, or capture the view() of a "
        "quartet::broadcast");
    constexpr bool input = crossable<In>;
    static_assert(
        input,
        "quartet: the inputs can't cross to a process: pointers and views leave behind what they point to, "
        "so do iterators and structs that hold one; other types need a serialize() member, what "
        "<quartet/codec_cereal.hpp> brings, or a specialization of quartet::codec");
    if constexpr (callable && closure && input) {
        return check_result<typename declared_result<Body, In>::type>();
    } else {
        return false;
    }
}

template <class>
inline constexpr bool is_endless_view = false;

/// A range that is known to have no end: its sentinel says so, or that of the range which it is made of.
template <class Range>
inline constexpr bool is_endless =
    std::same_as<std::ranges::sentinel_t<Range>, std::unreachable_sentinel_t> ||
    is_endless_view<std::remove_cvref_t<Range>>;

template <class V>
inline constexpr bool is_endless_view<std::ranges::ref_view<V>> = is_endless<V>;
template <class V, class F>
inline constexpr bool is_endless_view<std::ranges::transform_view<V, F>> = is_endless<V>;
template <class V, class F>
inline constexpr bool is_endless_view<std::ranges::filter_view<V, F>> = is_endless<V>;
template <class V, class F>
inline constexpr bool is_endless_view<std::ranges::drop_while_view<V, F>> = is_endless<V>;
template <class V>
inline constexpr bool is_endless_view<std::ranges::drop_view<V>> = is_endless<V>;
template <class V>
inline constexpr bool is_endless_view<std::ranges::common_view<V>> = is_endless<V>;
template <class V>
inline constexpr bool is_endless_view<std::ranges::join_view<V>> = is_endless<V>;
template <class V, std::size_t position>
inline constexpr bool is_endless_view<std::ranges::elements_view<V, position>> = is_endless<V>;

/// Says in one sentence what is wrong with the inputs of a map as a whole; false if there is anything.
template <class Range>
consteval bool check_inputs() {
    constexpr bool ends = !is_endless<Range>;
    static_assert(ends,
                  "quartet: these inputs have no end, and a map would take them until memory ends: use "
                  "executor::stream, or take so many of them by std::views::take");
    constexpr bool taken =
        std::ranges::contiguous_range<Range> ||
        std::constructible_from<std::ranges::range_value_t<Range>, std::ranges::range_reference_t<Range>>;
    static_assert(taken,
                  "quartet: inputs that do not lie in a row are copied to where tasks find them, and these "
                  "can't be copied: put them into a std::vector");
    return ends && taken;
}

}  // namespace quartet::inline v0::detail
