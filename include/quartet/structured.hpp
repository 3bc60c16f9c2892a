// include/quartet/structured.hpp
//
// Several things at once within one body: when_all, when_any, gather, and context::with_timeout.
//
//     auto [page, genre] = co_await quartet::when_all(ctx.fetch(url), ask_genre(ctx));
//     auto pages = co_await quartet::gather(tasks);
//     auto reply = co_await ctx.with_timeout(2s, ctx.fetch(url));
//
// They take tasks and operations of the body's context. On an event loop the children are under way at the
// same time; in a blocking context (single, threads, processes) they run one after another, in order. Either
// way they have all ended when the await is over: no child outlives its body.
//
// When one is decided before its time (a child threw, the first of any has ended, the time is up), children
// that have not begun never do, and those under way are cancelled: what they await ends early and throws
// `cancelled` into them, stop_requested() turns true. A child that goes on regardless is waited for. A stop
// of the run, or of a surrounding one of these, reaches all children.
//
// Cost: a coroutine frame each, and one for every operation among the children.
#pragma once

#include <quartet/context.hpp>
#include <quartet/detail/io/child_group.hpp>
#include <quartet/detail/io/limited.hpp>
#include <quartet/detail/io/shield.hpp>
#include <quartet/outcome.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

// g++ 12 takes the frame of a coroutine template for a type that others may see, and warns where a value's
// type is in an anonymous namespace.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

namespace quartet::inline v0 {
namespace detail {

template <class... Ts>
std::array<child*, sizeof...(Ts)> list_of(std::tuple<typed_child<Ts>...>& children) {
    return std::apply([](auto&... each) { return std::array<child*, sizeof...(Ts)>{&each...}; }, children);
}

/// Calls `use.operator()<index>(element)` for every element.
template <class... Ts>
void for_each_index(std::tuple<Ts...>& elements, auto&& use) {
    [&]<std::size_t... index>(std::index_sequence<index...>) {
        (use.template operator()<index>(std::get<index>(elements)), ...);
    }
    (std::index_sequence_for<Ts...>());
}

template <class Range>
using gathered_value_t = awaited_t<std::ranges::range_value_t<Range>>;
template <class Range>
using gathered_t = std::conditional_t<std::is_void_v<gathered_value_t<Range>>, void,
                                      std::vector<value_or_nothing<gathered_value_t<Range>>>>;

}  // namespace detail

/// Awaits all of them; their values as a tuple, with std::monostate where there is none.
///
/// If one throws, the others are cancelled, and what the first one threw is thrown.
template <class... Awaitables>
task<std::tuple<detail::value_or_nothing<detail::awaited_t<Awaitables>>...>> when_all(Awaitables... what) {
    std::tuple<detail::typed_child<detail::awaited_t<Awaitables>>...> children(
        detail::as_task(std::move(what))...);
    auto const list = detail::list_of(children);
    detail::child_group group(list, detail::decided_by::first_failure);
    if (auto* const failed = co_await group) failed->rethrow();
    using values = std::tuple<detail::value_or_nothing<detail::awaited_t<Awaitables>>...>;
    co_return std::apply([](auto&... each) { return values(each.take()...); }, children);
}

/// Awaits the first of them to end, cancels the others. Gives its value as the alternative of a variant
/// whose index() says which one it was; throws what it threw.
///
/// In a blocking context that is always the first.
template <class First, class... Others>
task<std::variant<detail::value_or_nothing<detail::awaited_t<First>>,
                  detail::value_or_nothing<detail::awaited_t<Others>>...>>
when_any(First first, Others... others) {
    using value = std::variant<detail::value_or_nothing<detail::awaited_t<First>>,
                               detail::value_or_nothing<detail::awaited_t<Others>>...>;
    std::tuple<detail::typed_child<detail::awaited_t<First>>,
               detail::typed_child<detail::awaited_t<Others>>...>
    children(detail::as_task(std::move(first)), detail::as_task(std::move(others))...);
    auto const list = detail::list_of(children);
    detail::child_group group(list, detail::decided_by::first_end);
    auto const* const winner = co_await group;
    std::optional<value> result;
    detail::for_each_index(children, [&]<std::size_t index>(auto& each) {
        if (&each == winner) result.emplace(std::in_place_index<index>, each.take());
    });
    co_return std::move(*result);
}

/// Awaits all of a range of tasks or operations, which it takes over; their values in order, as a vector
/// (nothing where they have none).
///
/// If one throws, the others are cancelled, and what the first one threw is thrown.
template <std::ranges::input_range Range>
task<detail::gathered_t<Range>> gather(Range what) {
    std::deque<detail::typed_child<detail::gathered_value_t<Range>>> children;
    std::vector<detail::child*> list;
    for (auto&& each : what)
        list.push_back(&children.emplace_back(detail::as_task(std::move(each))));
    detail::child_group group(list, detail::decided_by::first_failure);
    if (auto* const failed = co_await group) failed->rethrow();
    if constexpr (!std::is_void_v<detail::gathered_t<Range>>) {
        detail::gathered_t<Range> values;
        values.reserve(children.size());
        for (auto& each : children)
            values.push_back(each.take());
        co_return values;
    }
}

/// Awaits `what`, and cancels it after `limit`. Gives its value if there is one all the same; throws what it
/// throws, and timed_out if it was cancelled by the limit.
///
/// In a blocking context sleeps, fetches, commands and waits for pipes end at the limit. What computes has to
/// ask stop_requested(); other file operations and offloaded functions are waited for.
///
/// (context::with_timeout)
template <class Awaitable>
struct detail::part_with_a_limit {
    static auto begin(context& ctx, std::chrono::nanoseconds limit, Awaitable what) {
        return limited<timed_out>(ctx, limit, as_task(std::move(what)));
    }
};

/// Awaits `what`, and lets it go on for 200 ms when the body, or the part of it that this is in, is to end:
/// by a stop, a time limit, or a sibling. In that time stop_requested() is false in it, and what it awaits
/// goes on; then it is cancelled as others are. Gives its value, throws what it throws; the next wait of the
/// body outside throws `cancelled`.
///
/// (context::shielded)
template <class Awaitable>
struct detail::part_behind_a_shield {
    static auto begin(context& ctx, Awaitable what) { return shielded(ctx, as_task(std::move(what))); }
};

}  // namespace quartet::inline v0

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
