// batch/line/line_parts.hpp
//
// A line that has been read: once as words for exec, once as text for a shell.
#pragma once

#include "batch/line/replacement.hpp"

#include <optional>
#include <string>
#include <vector>

namespace quartet::batch {

enum class quoting { none, single_quotes, double_quotes };

/// A text, or what takes its place.
struct line_part {
    std::string text{};
    std::optional<replacement> replaced{};
    /// It is a word by itself: each field becomes a word of its own. Elsewhere they are joined by spaces.
    bool alone = false;
    quoting within = quoting::none;  ///< for the shell
    /// For the shell, in double quotes: what stands before it ends in a variable's name, which would go on in
    /// the value.
    bool after_variable = false;
};

struct line_parts {
    std::vector<std::vector<line_part>> words{};  ///< without their quotes; of use only if !needs_shell
    std::vector<line_part> text{};                ///< as it was written
    bool needs_shell = false;
    bool has_input = false;  ///< a replacement that differs from job to job
    bool has_output = false;
};

}  // namespace quartet::batch
