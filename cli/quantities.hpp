// cli/quantities.hpp
//
// Durations and shares as people type them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace quartet::cli {

/// "90", "90s", "1.5m", "2m30s", "1h", "200ms": above zero and at most a year. Throws std::invalid_argument
/// with a sentence.
std::chrono::duration<double> parse_duration(std::string_view text);

/// "2%" or "0.02": above 0 and below 1. Throws std::invalid_argument with a sentence.
double parse_share(std::string_view text);

}  // namespace quartet::cli
