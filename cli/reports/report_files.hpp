// cli/reports/report_files.hpp
//
// The files that a command writes. "-" is standard output.
#pragma once

#include <string>
#include <string_view>

namespace quartet::cli {

/// Throws usage_error if the file can't be written, so that this is known before minutes of measuring. An
/// empty name means that no file is wanted.
void check_writable(std::string_view flag, std::string const& file);

bool is_standard_output(std::string const& file);

/// Writes the whole file or nothing. Throws std::system_error.
void write_report(std::string const& file, std::string_view content);

/// Prints to a standard stream. Throws std::system_error when not all of it got there (a full disk); a
/// reader that has gone away is not an error: it has seen what it wanted.
void print_to(int descriptor, std::string_view text);

}  // namespace quartet::cli
