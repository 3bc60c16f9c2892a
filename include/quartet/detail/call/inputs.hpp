// include/quartet/detail/call/inputs.hpp
//
// The inputs of a call as something with operator[].
#pragma once

#include <concepts>
#include <deque>
#include <ranges>
#include <span>
#include <type_traits>
#include <vector>

namespace quartet::inline v0::detail {

// std::vector<bool> has no elements that could be referred to.
template <class In>
using input_store = std::conditional_t<std::same_as<In, bool>, std::deque<bool>, std::vector<In>>;

/// In place where they lie in a row, copied otherwise.
template <std::ranges::input_range Range>
auto indexable(Range&& range) {
    using in = std::ranges::range_value_t<Range>;
    if constexpr (std::ranges::contiguous_range<Range> && std::ranges::sized_range<Range>) {
        return std::span<in const>(std::ranges::data(range), std::ranges::size(range));
    } else {
        input_store<in> copies;
        if constexpr (std::ranges::sized_range<Range> && requires { copies.reserve(1); })
            copies.reserve(std::ranges::size(range));
        for (auto&& element : range)
            copies.push_back(static_cast<decltype(element)&&>(element));
        return copies;
    }
}

}  // namespace quartet::inline v0::detail
