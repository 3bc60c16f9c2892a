// include/quartet/detail/base/misuse.hpp
//
// What is said of a handle that has nothing behind it: a future whose outcome was taken, an executor that was
// moved from, a task that is awaited a second time. One exception for all of them, std::logic_error with a
// sentence, where there would be a null pointer.
#pragma once

namespace quartet::inline v0::detail {

/// Throws std::logic_error("quartet: " + sentence). Any thread.
[[noreturn, gnu::cold]] void misuse(char const* sentence);

}  // namespace quartet::inline v0::detail
