// src/base/grace.hpp
//
// How patient quartet is with what it has asked to end.
#pragma once

#include <chrono>

namespace quartet::inline v0::detail {

/// How long a body that was asked to stop may go on before its process gets a SIGTERM, and how long a process
/// has after a SIGTERM before its SIGKILL. Longer than it takes to end a command (child_process.cpp), which
/// would outlive the process that runs it.
constexpr auto grace = std::chrono::milliseconds(250);

}  // namespace quartet::inline v0::detail
