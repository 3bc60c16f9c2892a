// src/base/grace.hpp
//
// How patient quartet is with what it has asked to end.
#pragma once

#include <chrono>

namespace quartet::detail {

/// So long a body that was asked to stop may go on before its process gets a SIGTERM, and a process that got
/// one before its SIGKILL: longer than it takes to end a command (child_process.cpp), which would go on
/// without whoever runs it.
constexpr auto grace = std::chrono::milliseconds(250);

}  // namespace quartet::detail
