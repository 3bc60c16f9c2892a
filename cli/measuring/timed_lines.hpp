// cli/measuring/timed_lines.hpp
//
// From command lines as they were typed to the rows that are measured. Pure; any thread.
#pragma once

#include "measure/commands/command_session.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace quartet::cli {

/// As it is typed. What goes before and after is given once for all lines, or once for each of them.
struct line_options {
    std::vector<std::string> lines{};
    std::vector<std::string> names{};
    std::vector<std::string> scans{};
    std::vector<std::string> lists{};
    std::vector<std::string> setup{};
    std::vector<std::string> prepare{};
    std::vector<std::string> conclude{};
    std::vector<std::string> cleanup{};
    std::string shell = "auto";  ///< or "none", or the shell's own line
};

struct timed_plan {
    std::vector<measure::timed_row> rows;
    std::vector<measure::word_list> commands;  ///< to which the rows point
    std::optional<std::size_t> empty_shell{};  ///< the command that starts the shell for nothing
};

/// A row for each line and each combination of the parameters that it has; the values are filled in
/// everywhere. Throws usage_error: also for a parameter that no line has, and a line that needs a shell and
/// may have none.
timed_plan plan_lines(line_options const& options);

}  // namespace quartet::cli
