// src/models/loop_limit.hpp
//
// How many bodies event loops have in flight at the most, and how a spec says so.
#pragma once

#include <quartet/backend/async.hpp>
#include <quartet/spec.hpp>

#include <cstddef>
#include <optional>

namespace quartet::inline v0::detail {

/// The limit of so many loops together.
inline std::size_t limit_together(std::size_t limit, std::size_t loops) noexcept {
    constexpr std::size_t none = async_options::no_limit;
    return limit > none / loops ? none : limit * loops;
}

/// Nothing where there is no limit.
inline std::optional<std::size_t> counted_limit(std::size_t limit) noexcept {
    return limit == async_options::no_limit ? std::nullopt : std::optional(limit);
}

/// "threads:2+async:100", "processes:2+async:each".
inline model_spec composed_spec(model_kind kind, std::size_t workers, std::size_t limit) noexcept {
    auto const in_flight = counted_limit(limit);
    return {
        .kind = kind, .count = workers, .loops = true, .in_flight = in_flight, .all_in_flight = !in_flight};
}

}  // namespace quartet::inline v0::detail
