// include/quartet/detail/call/describe_failure.hpp
//
// Failures with their text, made of the exceptions that tasks have thrown.
#pragma once

#include <quartet/outcome.hpp>

#include <cstddef>
#include <string>

namespace quartet::inline v0::detail {

/// A failure with the text of the exception that is being handled. `worker` is empty if it never began.
failure describe_current_exception(std::size_t index, std::string worker);

/// The readable name of the type of the exception that is being handled.
std::string current_exception_type();

/// A failure of a task that a stop reached before it began.
failure describe_cancelled(std::size_t index);

}  // namespace quartet::inline v0::detail
