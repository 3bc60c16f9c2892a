// tests/fuzz/require.hpp
#pragma once

#include <cstdio>
#include <cstdlib>

namespace quartet::fuzz {

/// Ends the program, which libFuzzer takes for a finding.
inline void require(bool holds, char const* what) {
    if (holds) return;
    std::fprintf(stderr, "this must hold: %s\n", what);
    std::abort();
}

}  // namespace quartet::fuzz
