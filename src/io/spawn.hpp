// src/io/spawn.hpp
//
// Starts the program of a command. Any thread.
#pragma once

#include <quartet/command.hpp>

#include <sys/types.h>

namespace quartet::detail {

/// The descriptors that become a program's standard streams. Not owned.
struct standard_streams {
    int input;
    int output;
    int errors;
};

/// Throws std::invalid_argument if the command has no program, or a NUL in an argument.
void refuse_unusable(command const& what);

/// Starts it and gives its process id; the caller reaps it. Throws std::system_error.
pid_t spawn(command const& what, standard_streams const& streams);

}  // namespace quartet::detail
