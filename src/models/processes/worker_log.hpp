// src/models/processes/worker_log.hpp
//
// A worker process's end of the way that log lines take (log_channel.hpp).
#pragma once

#include "src/base/inherited_socket.hpp"

#include <quartet/context.hpp>

#include <functional>
#include <string_view>

namespace quartet::inline v0::detail {

/// Sends lines through the socket; empty if there is none.
std::function<void(worker_info const&, std::string_view)> log_to_parent(inherited_socket socket);

}  // namespace quartet::inline v0::detail
