// include/quartet/detail/io/shared_ring.hpp
//
// A bounded queue of byte strings in memory that forked processes share, with those who wait for it.
//
// It stays whole when a process is killed in the middle of anything (src/io/sync/shared_ring.cpp). For any
// thread of the process that made it and of those forked from it later. Costs a descriptor, and memory as it
// fills.
#pragma once

#include <quartet/detail/io/gate.hpp>

#include <cstddef>
#include <span>
#include <sys/types.h>

namespace quartet::inline v0::detail {

class shared_ring {
public:
    enum class side { send, receive };

    /// Room for `capacity` strings of `bytes` in all, each rounded up as by footprint(). Throws
    /// std::system_error if the system refuses.
    shared_ring(std::size_t capacity, std::size_t bytes);

    /// In the process that made it: ends the waiting of the others, and what they try from then on.
    ~shared_ring();
    shared_ring(shared_ring const&) = delete;
    shared_ring& operator=(shared_ring const&) = delete;

    /// What a string of `size` bytes takes of the ring.
    static constexpr std::size_t footprint(std::size_t size) noexcept {
        constexpr std::size_t unit = 8;
        return size == 0 ? unit : (size + unit - 1) / unit * unit;
    }

    /// What `count` strings of `size` bytes each take; the largest number there is if that is too much.
    static constexpr std::size_t bytes_for(std::size_t count, std::size_t size) noexcept {
        constexpr std::size_t most = ~std::size_t{0};
        return count > most / footprint(size) ? most : count * footprint(size);
    }

    std::size_t capacity() const noexcept;
    int descriptor() const noexcept { return event_; }

    /// Throws std::length_error if a string of `size` bytes can never be in it.
    void require_room_for(std::size_t size) const;

    class access;

private:
    struct layout;

    layout* at_;
    std::size_t mapped_bytes_;
    int event_;
    pid_t maker_;
};

/// Holds the ring's lock.
class shared_ring::access {
public:
    explicit access(shared_ring& ring) noexcept;
    ~access();
    access(access const&) = delete;
    access& operator=(access const&) = delete;

    // What changes the ring throws std::system_error, and has changed nothing, where the ring's descriptor
    // was closed in this process and somebody would have to be woken by it.

    bool empty() const noexcept { return size() == 0; }
    std::size_t size() const noexcept;
    bool closed() const noexcept;
    void close() const noexcept;

    /// Where the next string of `size` bytes may be written; null if there is no room for it now.
    std::byte* reserve(std::size_t size) const noexcept;
    /// Adds what was written there.
    void push(std::byte const* string, std::size_t size) const;

    /// The first string. Requires that there is one.
    std::span<std::byte const> front() const noexcept;
    void pop() const;

    /// Marks that this side has waiters; not which, so all are woken. Returns attempt::would_block.
    attempt wait_for(side which, gate_waiter* who) const;

private:
    friend class shared_ring;
    void wake(side which) const;

    shared_ring& ring_;
    layout& at_;
};

}  // namespace quartet::inline v0::detail
