// cli/raise_limits.hpp
#pragma once

namespace quartet::cli {

/// Lets this process, and those it starts, have as many open files as the system allows: thousands of
/// connections or files at the same time are ordinary here. What the system refuses stays as it was.
void raise_descriptor_limit() noexcept;

}  // namespace quartet::cli
