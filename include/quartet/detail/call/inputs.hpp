// include/quartet/detail/call/inputs.hpp
//
// Turns the inputs of a call, which may be any range, into something with operator[]: a task finds its input
// by its index.
#pragma once

#include <concepts>
#include <deque>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {

// std::vector<bool> packs its elements into bits, so they have no references; a deque does not.
template <class In>
using input_store = std::conditional_t<std::same_as<In, bool>, std::deque<bool>, std::vector<In>>;

/// The range's elements: moved if it gives them as temporaries, copied otherwise.
template <std::ranges::input_range Range>
auto stored(Range&& range) {
    input_store<std::ranges::range_value_t<Range>> elements;
    if constexpr (std::ranges::sized_range<Range> && requires { elements.reserve(1); })
        elements.reserve(std::ranges::size(range));
    for (auto&& element : range)
        elements.push_back(static_cast<decltype(element)&&>(element));
    return elements;
}

/// A span of the range's elements if they are contiguous, a copy of them otherwise.
template <std::ranges::input_range Range>
auto indexable(Range&& range) {
    using in = std::ranges::range_value_t<Range>;
    if constexpr (std::ranges::contiguous_range<Range> && std::ranges::sized_range<Range>)
        return std::span<in const>(std::ranges::data(range), std::ranges::size(range));
    else
        return stored(range);
}

/// All of the range's elements, for a call that outlives the range; the range itself if it is a temporary
/// that can be kept.
template <std::ranges::input_range Range>
auto owned(Range&& range) {
    using store = input_store<std::ranges::range_value_t<Range>>;
    if constexpr (std::same_as<std::remove_cvref_t<Range>, store>)
        return store(std::forward<Range>(range));
    else
        return stored(range);
}

}  // namespace quartet::inline v0::detail
