// tests/sanitized.hpp
//
// Whether the build is for a sanitizer, under which tests do less of what they do often, and whether for
// ThreadSanitizer, which can't follow a fork of a process that has threads and has one of its own in each.
#pragma once

namespace quartet::test {

#ifdef QUARTET_SANITIZED
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

#ifdef QUARTET_SANITIZED_THREAD
inline constexpr bool sees_forks = false;
#else
inline constexpr bool sees_forks = true;
#endif

}  // namespace quartet::test
