// cli/parsing/quantities.hpp
//
// Durations, sizes and shares as people type them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace quartet::cli {

/// "90", "90s", "1.5m", "2m30s", "1h", "200ms": above zero and at most a year. Throws std::invalid_argument
/// with a sentence.
std::chrono::duration<double> parse_duration(std::string_view text);

/// As seconds: "0", "20us", "1.5ms", "2s" and all that parse_duration() reads. Throws likewise.
double parse_seconds(std::string_view text);

/// "0", "512", "10kB", "1.5MB", "64MiB", "1GB". Throws std::invalid_argument with a sentence.
double parse_bytes(std::string_view text);

/// "2%" or "0.02": above 0 and below 1. Throws std::invalid_argument with a sentence.
double parse_share(std::string_view text);

}  // namespace quartet::cli
