// cli/logging.hpp
//
// Log lines as the scripts of the Python study print them: "HH:MM:SS: Response A: starting".
#pragma once

#include <quartet/backend/model.hpp>

namespace quartet::cli {

/// Prints to standard error, whole lines, from any thread.
log_handler log_to_stderr();

}  // namespace quartet::cli
