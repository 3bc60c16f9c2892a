// tests/sanitized.hpp
//
// Whether the build is for a sanitizer, under which tests do less of what they do often.
#pragma once

namespace quartet::test {

#ifdef QUARTET_SANITIZED
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace quartet::test
