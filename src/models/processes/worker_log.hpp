// src/models/processes/worker_log.hpp
//
// A worker process's end of the way that log lines take (log_channel.hpp).
#pragma once

#include "src/base/inherited_socket.hpp"
#include "src/io/context/logging.hpp"

namespace quartet::inline v0::detail {

/// Sends lines through the socket; empty if there is none.
log_function log_to_parent(inherited_socket socket);

}  // namespace quartet::inline v0::detail
