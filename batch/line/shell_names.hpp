// batch/line/shell_names.hpp
//
// Words that mean something to a shell.
#pragma once

#include <string_view>

namespace quartet::batch {

/// if, for, {, !…
bool is_reserved(std::string_view word);

/// After which a command begins, as `then` and `!`.
bool comes_before_command(std::string_view reserved);

/// What only a shell has, as cd and exec; not echo or test, which are programs too.
bool is_only_builtin(std::string_view name);

/// What may stand before the = of an assignment.
bool is_variable_name(std::string_view text);

}  // namespace quartet::batch
