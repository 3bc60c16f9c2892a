// src/models/cluster/node_meter.hpp
//
// What a node uses for a pool. How that is measured is up to who wants to know it: the library has no meter.
#pragma once

#include "src/models/cluster/clock_estimate.hpp"
#include "src/models/cluster/messages.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace quartet::inline v0::detail {

/// From before a pool is opened until it is closed. For the thread that owns the node.
class node_meter {
public:
    node_meter() = default;
    node_meter(node_meter const&) = delete;
    node_meter& operator=(node_meter const&) = delete;
    virtual ~node_meter() = default;

    /// The pool has its workers.
    virtual void opened() = 0;

    /// They are about to end.
    virtual void closes() = 0;

    /// They have ended.
    virtual node_usage used() = 0;
};

/// Makes a meter on a node.
using meter_maker = std::function<std::unique_ptr<node_meter>()>;

/// Bytes of a pool's tasks, as they go between machines, with the little that is said about them. Of the
/// root's own node likewise, although nothing goes far there.
struct node_traffic {
    std::uint64_t inputs = 0;   ///< that the node was given
    std::uint64_t results = 0;  ///< that it gave
};

/// What a node had to do with a pool that is closed.
struct pool_node {
    std::size_t number = 0;  ///< 0 is the root
    std::string name{};
    std::size_t workers = 0;
    std::optional<node_usage> used{};  ///< not of the root, which knows that itself, and of no lost one
    node_traffic traffic{};
    clock_estimate clock{};
};

}  // namespace quartet::inline v0::detail
