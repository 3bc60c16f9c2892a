// src/io/commands/spawn.hpp
//
// Starts the program of a command. Any thread.
#pragma once

#include "src/io/commands/keeper.hpp"

#include <quartet/command.hpp>

#include <optional>
#include <sys/types.h>

namespace quartet::inline v0::detail {

/// The descriptors that become a program's standard streams. Not owned.
struct standard_streams {
    int input;
    int output;
    int errors;
};

/// Throws std::invalid_argument if the command has no program, or a NUL in an argument.
void refuse_unusable(command const& what);

/// A program that was started.
struct spawned {
    pid_t process;
    std::optional<keeper> kept{};  ///< if so, it is no child of this process, and its keeper knows its end
};

/// Starts it; without a keeper, the caller reaps it. Throws std::system_error.
spawned spawn(command const& what, standard_streams const& streams);

}  // namespace quartet::inline v0::detail
