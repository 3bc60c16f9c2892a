// cli/reports/report_files.hpp
//
// The files that a command writes. "-" is standard output.
#pragma once

#include <string>
#include <string_view>

namespace quartet::cli {

/// A report is written after minutes of measuring: what can be known to fail is said before. Throws
/// usage_error; an empty name is no file.
void check_writable(std::string_view flag, std::string const& file);

bool is_standard_output(std::string const& file);

/// Writes the whole file or nothing. Throws std::system_error.
void write_report(std::string const& file, std::string_view content);

/// Prints to a standard stream. Throws std::system_error when not all of it got there (a full disk); a
/// reader that has gone away is not an error: it has seen what it wanted.
void print_to(int descriptor, std::string_view text);

}  // namespace quartet::cli
