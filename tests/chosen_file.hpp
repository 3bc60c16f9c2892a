// Which file's cases a process of a test program runs (file_main.cpp).
#pragma once

#include <string_view>

namespace quartet::test {

/// Empty where it runs those of all. Set before GoogleTest makes its cases.
inline std::string_view chosen_file;

/// Whether cases of a source are to be made. A process with thousands that it does not run is slow to fork,
/// most of all under AddressSanitizer.
inline bool makes_cases_of(std::string_view path) {
    return chosen_file.empty() || path.substr(path.find_last_of('/') + 1) == chosen_file;
}

}  // namespace quartet::test
