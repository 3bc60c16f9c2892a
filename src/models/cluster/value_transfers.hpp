// src/models/cluster/value_transfers.hpp
//
// What the root knows of the values of broadcasts on its nodes: which node has which, and what is on its way.
//
// A value goes to a node once, in parts, when a call first needs it there; so nothing large is copied as a
// whole, and what is on its way stays within a budget. For one thread.
#pragma once

#include "src/models/cluster/messages.hpp"
#include "src/models/cluster/packet.hpp"

#include <quartet/detail/shm/broadcast_memory.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>

namespace quartet::inline v0::detail {

class value_transfers {
public:
    using sender = std::function<void(std::uint16_t node, message_kind, packet)>;

    value_transfers(std::size_t part_bytes, sender send) : part_bytes_(part_bytes), send_(std::move(send)) {}

    /// Whether the node has been sent all of these; what it lacks is on its way then.
    bool provide(std::uint16_t node, std::span<std::shared_ptr<broadcast_memory const> const> values);

    /// Sends parts to the nodes in turn, as long as `may_send`; `complete(node)` hears of each that has been
    /// sent all it waited for.
    void go_on(std::function<bool()> const& may_send, std::function<void(std::uint16_t)> const& complete);

    /// Whether there is more to be sent.
    bool under_way() const noexcept { return !turns_.empty(); }

    /// Tells nodes to let go of what has ended here.
    void end_what_is_gone();

    /// Tells all nodes to let go of everything.
    void end_all();

    /// The node is lost.
    void forget(std::uint16_t node);

private:
    /// A value on a node.
    struct copy {
        std::weak_ptr<broadcast_memory const> value;
        std::size_t sent = 0;
        bool complete = false;
    };
    using copies = std::map<std::uint64_t, copy>;  // by the broadcast's id

    bool send_part(std::uint16_t node, copies& of_node);
    void drop(std::uint16_t node, std::uint64_t id);

    std::size_t part_bytes_;
    sender send_;
    std::map<std::uint16_t, copies> nodes_;
    std::deque<std::uint16_t> turns_;  // nodes with incomplete values, the next first
};

}  // namespace quartet::inline v0::detail
