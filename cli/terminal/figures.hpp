// cli/terminal/figures.hpp
//
// Times and sizes for people. Pure functions.
#pragma once

#include <string>

namespace quartet::cli {

/// "1 h 5 min", "2 min 10 s", "12 s": for how long something takes.
std::string format_length(double seconds);

/// Three significant digits: "12.3 s", "1.23 ms", "450 µs" (in ASCII "450 us").
std::string format_seconds(double seconds, bool utf8);

/// Three significant digits in bytes, KiB, MiB, GiB: "568B", "12.3K", "1.20M".
std::string format_bytes_short(double bytes);

}  // namespace quartet::cli
