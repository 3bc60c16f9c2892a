// include/quartet/detail/base/misuse.hpp
//
// The exception for the use of a handle that has nothing behind it: a future whose outcome was taken, an
// executor that was moved from, a task that is awaited a second time. All of them throw std::logic_error with
// a sentence, where they would otherwise follow a null pointer.
#pragma once

namespace quartet::inline v0::detail {

/// Throws std::logic_error("quartet: " + sentence). Any thread.
[[noreturn, gnu::cold]] void misuse(char const* sentence);

}  // namespace quartet::inline v0::detail
