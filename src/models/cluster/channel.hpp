// src/models/cluster/channel.hpp
//
// One side of the messages between the root and a node, for one session.
//
// Messages come in the order in which they were sent, and each once, also over a transport that delays,
// loses, doubles and reorders them: they are numbered, kept until the other side has told that they came, and
// sent again after a while. Over one that does none of that (MPI) nothing is kept and nothing sent again.
//
// For one thread, which tells the time.
#pragma once

#include "src/models/cluster/packet.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>

namespace quartet::inline v0::detail {

/// What a transport does to messages.
enum class delivery {
    exact,     ///< each comes once and in order, or the other side is gone
    careless,  ///< they may be lost, doubled and reordered
};

class channel {
public:
    using time_point = std::chrono::steady_clock::time_point;
    using sender = std::function<void(packet)>;
    using receiver = std::function<void(message_kind, std::span<std::byte const>, packet const&)>;

    /// Over a careless transport, what the other side does not confirm within `patience` is sent again.
    channel(std::uint32_t session, delivery how, std::chrono::nanoseconds patience, sender send)
        : session_(session), how_(how), patience_(patience), send_(std::move(send)) {}

    /// Sends a message whose bytes begin with room for a head.
    void send(message_kind kind, packet message, time_point now);

    /// Sends one that may be lost: it is not numbered.
    void send_loosely(message_kind kind, packet message);

    /// Takes a packet of this session, and calls `receive` for each message whose turn has come.
    void take(packet arrived, receiver const& receive);

    /// Sends again what was not confirmed in time.
    void advance(time_point now);

    std::uint32_t session() const noexcept { return session_; }

private:
    struct unconfirmed {
        std::uint64_t number;
        packet message;
        time_point sent;
    };

    void head(packet const& message, message_kind kind, std::uint64_t number) const;
    void confirm(std::uint64_t heard);

    std::uint32_t session_;
    delivery how_;
    std::chrono::nanoseconds patience_;
    sender send_;
    std::uint64_t sent_ = 0;
    std::uint64_t heard_ = 0;                // without a gap
    std::deque<unconfirmed> unconfirmed_;    // in order
    std::map<std::uint64_t, packet> early_;  // came before one that they follow
};

/// The head of a packet that has come; null if it is too short for one.
frame_head const* head_of(packet const& arrived) noexcept;

}  // namespace quartet::inline v0::detail
