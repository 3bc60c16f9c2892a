// src/models/cluster/rank.hpp
//
// What this process is in a cluster: nothing, the root, or a node that serves it.
#pragma once

#include "src/models/cluster/endpoint.hpp"
#include "src/models/cluster/executor_pool.hpp"
#include "src/models/cluster/messages.hpp"
#include "src/models/cluster/node_meter.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace quartet::inline v0::detail {

/// This machine and this program, as a node tells of them.
hello_message about_this_node();

/// How many workers this node has where nobody says: $QUARTET_WORKERS if it is set, else nothing, which is
/// one for each processor. Throws std::invalid_argument if it is no number.
std::optional<std::size_t> workers_of_node();

/// The name of this host.
std::string host_name();

/// Serves the root until it is over, and gives why. On the thread that owns the endpoint.
///
/// `leaving` is called when it is over, before bodies that still run are stopped and waited for: one that
/// runs in this process and does not hear of stops is waited for without end. `meters` measure what pools
/// use, where the root asks for it.
std::string serve_root(endpoint& line, model_maker const& make, std::chrono::nanoseconds silence,
                       std::function<void()> const& leaving = {}, meter_maker meters = {});

}  // namespace quartet::inline v0::detail
