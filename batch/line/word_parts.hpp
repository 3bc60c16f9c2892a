// batch/line/word_parts.hpp
//
// A word that no shell sees: its text, and what takes the place of its braces.
#pragma once

#include "batch/line/job_values.hpp"
#include "batch/line/line_parts.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::batch {

/// At least one part. Throws std::runtime_error as read_braces() does.
std::vector<line_part> parts_of_word(std::string_view word, std::span<std::string const> columns);

/// The word of a job. Several fields in one place are joined by spaces.
std::string text_of(std::span<line_part const> parts, job_values const& values);

/// With spaces between.
std::string joined(std::span<std::string const> values);

}  // namespace quartet::batch
