// src/models/cluster/packet.hpp
//
// Bytes on their way between two machines. Copies share them.
#pragma once

#include <quartet/codec.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
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
    recall,  ///< tasks that may have begun and have not are wanted back
    stop,
    forget,
    send,   ///< a large result that was announced
    value,  ///< a part of a broadcast's value
    drop_value,
    leave,
    // from a node
    hello,
    pool_opened,
    pool_closed,  ///< what it has used
    returned,     ///< what it gives back
    outcomes,
    large,  ///< announces a large result
    result,
    log,
    // both
    bundle,  ///< several messages (bundled_line.hpp)
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

/// The memory of large messages that were sent, for the next ones: the system takes longer to clear new pages
/// than it takes to copy into them. Any thread.
class spare_memory {
public:
    /// Empty; with that memory, if there is some.
    byte_writer take();
    /// That of four messages is kept.
    void give(byte_writer&& memory) noexcept;
    /// Lets it go if nobody has taken any since the last time. To be called now and then.
    void drop_unused() noexcept;

private:
    std::mutex mutex_;
    std::array<byte_writer, 4> kept_;
    std::size_t count_ = 0;
    bool used_ = false;
};

/// A message that is being written, with room for its head.
class message_writer {
public:
    message_writer() { skip_head(); }

    /// In memory that comes back when the message is sent.
    explicit message_writer(std::shared_ptr<spare_memory> memory)
        : spare_(std::move(memory)), out_(spare_->take()) {
        skip_head();
    }

    byte_writer& body() noexcept { return out_; }
    std::size_t size() const noexcept { return out_.bytes().size() - sizeof(frame_head); }
    bool empty() const noexcept { return size() == 0; }

    /// What encode(body()) writes, with its size before. False if that gives false: then, and if it throws,
    /// nothing of it stays.
    template <class Encode>
    bool add_sized(Encode&& encode) {
        std::size_t const place = out_.bytes().size();
        std::uint64_t const unknown = 0;
        out_.write(&unknown, sizeof unknown);
        if (!add_whole(place, std::forward<Encode>(encode))) return false;
        write_number(place, out_.bytes().size() - place - sizeof unknown);
        return true;
    }

    /// As add_sized(), without a size.
    template <class Encode>
    bool add(Encode&& encode) {
        return add_whole(out_.bytes().size(), std::forward<Encode>(encode));
    }

    /// Changes a number in the body.
    void change_number(std::size_t place, std::uint64_t number) noexcept {
        write_number(sizeof(frame_head) + place, number);
    }

    /// Its bytes, with so many zeros behind them; it is as new then.
    packet take(std::size_t filling = 0);

private:
    template <class Encode>
    bool add_whole(std::size_t begin, Encode&& encode) {
        try {
            if (encode(out_)) return true;
        } catch (...) {
            cut(begin);
            throw;
        }
        cut(begin);
        return false;
    }
    void cut(std::size_t place);
    void write_number(std::size_t place, std::uint64_t number) noexcept;
    std::span<std::byte> written_bytes() noexcept;
    void skip_head();

    std::shared_ptr<spare_memory> spare_;
    byte_writer out_;
};

template <class Message>
message_writer written(Message const& message) {
    message_writer writer;
    codec<Message>::encode(message, writer.body());
    return writer;
}

}  // namespace quartet::inline v0::detail
