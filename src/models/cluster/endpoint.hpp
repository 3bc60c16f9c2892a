// src/models/cluster/endpoint.hpp
//
// A rank's way to the other ranks of its cluster.
#pragma once

#include "src/models/cluster/channel.hpp"
#include "src/models/cluster/packet.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace quartet::inline v0::detail {

struct arrival {
    std::size_t from;
    packet message;
};

/// But for wake(), for one thread at a time.
class endpoint {
public:
    using time_point = std::chrono::steady_clock::time_point;

    endpoint() = default;
    endpoint(endpoint const&) = delete;
    endpoint& operator=(endpoint const&) = delete;
    virtual ~endpoint() = default;

    virtual std::size_t rank() const noexcept = 0;
    virtual std::size_t size() const noexcept = 0;
    virtual delivery how() const noexcept = 0;

    /// Never waits. What is sent to one that is dead is lost, or waits for ever where nobody minds.
    virtual void send(std::size_t to, packet message) = 0;

    /// The next that has come; nothing if there is none.
    virtual std::optional<arrival> receive() = 0;

    /// Waits until something has come, or wake() was called since the last wait, or the time is there.
    virtual void wait(time_point until) = 0;

    /// Any thread.
    virtual void wake() noexcept = 0;

    /// The rank was given up: what is queued to it is forgotten.
    virtual void drop(std::size_t rank) = 0;

    /// Bytes that were sent and have not left the machine.
    virtual std::size_t unsent() const noexcept = 0;

    /// It was dropped, or its program is known to have ended: nothing comes of it any more. False is no
    /// promise that it lives, as a machine without power tells nobody. Any thread.
    virtual bool is_gone(std::size_t rank) const noexcept = 0;

    /// How many times a rank has come to be gone by itself; wait() returns when that changes. Where the rank
    /// could tell of its end, a message of session 0 says so too, behind all that came of it before.
    virtual std::uint64_t losses() const noexcept = 0;

    /// Why nothing can be sent and received any more, to stand in a sentence; nothing as long as it can.
    /// wait() returns when it comes to be so. Some microseconds.
    virtual std::optional<std::string> failed() const = 0;
};

}  // namespace quartet::inline v0::detail
