// src/models/cluster/packet.hpp
//
// Bytes on their way between two machines. Copies share them.
#pragma once

#include <quartet/codec.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {

class packet {
public:
    packet() = default;
    explicit packet(std::vector<std::byte>&& bytes) {
        auto owner = std::make_shared<std::vector<std::byte>>(std::move(bytes));
        bytes_ = *owner;
        owner_ = std::move(owner);
    }
    packet(std::shared_ptr<void const> owner, std::span<std::byte> bytes) noexcept
        : owner_(std::move(owner)), bytes_(bytes) {}

    std::span<std::byte> bytes() const noexcept { return bytes_; }

private:
    std::shared_ptr<void const> owner_;
    std::span<std::byte> bytes_;
};

enum class message_kind : std::uint32_t {
    // from the root
    welcome,
    open_pool,
    close_pool,
    call,    ///< the code of a call's body
    tasks,   ///< inputs, to be queued
    grant,   ///< up to where the queue may begin
    revoke,  ///< from where the queue is taken back
    stop,
    forget,
    send,   ///< a large result that was announced
    value,  ///< a part of a broadcast's value
    drop_value,
    leave,
    // from a node
    hello,
    pool_opened,
    outcomes,
    large,  ///< announces a large result
    result,
    log,
    // both
    beat,
    probe,  ///< measures the way between them
};

/// What stands before each message.
struct frame_head {
    std::uint32_t session;  ///< of the root
    message_kind kind;
    std::uint64_t number;  ///< counts the messages of a sender, from 1; 0: one that may be lost
    std::uint64_t heard;   ///< so many of the other side have come, without a gap
};
static_assert(std::is_trivially_copyable_v<frame_head>);

/// A message that is being written, with room for its head.
class message_writer {
public:
    message_writer() { skip_head(); }

    byte_writer& body() noexcept { return out_; }
    std::size_t size() const noexcept { return out_.bytes().size() - sizeof(frame_head); }
    bool empty() const noexcept { return size() == 0; }

    /// Its bytes, with so many zeros behind them; it is as new then.
    packet take(std::size_t filling = 0);

private:
    void skip_head();

    byte_writer out_;
};

template <class Message>
message_writer written(Message const& message) {
    message_writer writer;
    codec<Message>::encode(message, writer.body());
    return writer;
}

}  // namespace quartet::inline v0::detail
