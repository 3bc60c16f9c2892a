// include/quartet/detail/io/channel_store.hpp
//
// Where a channel keeps its values: in the memory of one process, or between processes as bytes.
#pragma once

#include <quartet/codec.hpp>
#include <quartet/detail/io/gate.hpp>
#include <quartet/detail/io/shared_ring.hpp>

#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {

/// A value on its way into a channel. It is moved from when it is there, not before.
template <class T>
struct parcel {
    explicit parcel(T& what) noexcept : value(what) {}
    T& value;
    byte_writer bytes{};   ///< between processes: its encoded form
    bool encoded = false;  ///< that is made at the first try
};

template <class T>
class channel_store : public gate {
public:
    /// One try. If it would block, `who` is added to the waiters, unless it is null.
    virtual attempt put(parcel<T>& what, gate_waiter* who) = 0;
    virtual attempt take(std::optional<T>& into, gate_waiter* who) = 0;

    virtual void close() noexcept = 0;
    virtual bool closed() const noexcept = 0;
    virtual std::size_t size() const noexcept = 0;
    virtual std::size_t capacity() const noexcept = 0;
};

/// A ring of values and two lines of waiters, under one lock. A value that comes wakes the first waiting
/// receiver, and room the first waiting sender.
template <class T>
class local_store final : public channel_store<T> {
public:
    explicit local_store(std::size_t capacity)
        : capacity_(capacity), ring_(std::allocator<T>().allocate(capacity)) {}
    local_store(local_store const&) = delete;
    local_store& operator=(local_store const&) = delete;
    ~local_store() override {
        for (; count_ > 0; drop_first())
            ;
        std::allocator<T>().deallocate(ring_, capacity_);
    }

    attempt put(parcel<T>& what, gate_waiter* who) override {
        std::lock_guard const lock(mutex_);
        if (!closed_ && count_ == capacity_) return wait_in(senders_, who);
        if (who) senders_.remove(*who);
        if (closed_) return attempt::closed;
        std::size_t const position = first_ + count_;
        std::construct_at(ring_ + (position < capacity_ ? position : position - capacity_),
                          std::move(what.value));
        ++count_;
        receivers_.wake_one();
        return attempt::done;
    }

    attempt take(std::optional<T>& into, gate_waiter* who) override {
        std::lock_guard const lock(mutex_);
        if (!closed_ && count_ == 0) return wait_in(receivers_, who);
        if (who) receivers_.remove(*who);
        if (count_ == 0) return attempt::closed;
        into.emplace(std::move(ring_[first_]));
        drop_first();
        senders_.wake_one();
        return attempt::done;
    }

    void close() noexcept override {
        std::lock_guard const lock(mutex_);
        closed_ = true;
        senders_.wake_all();
        receivers_.wake_all();
    }
    bool closed() const noexcept override {
        std::lock_guard const lock(mutex_);
        return closed_;
    }
    std::size_t size() const noexcept override {
        std::lock_guard const lock(mutex_);
        return count_;
    }
    std::size_t capacity() const noexcept override { return capacity_; }

    void leave(gate_waiter& who) noexcept override {
        std::lock_guard const lock(mutex_);
        if (senders_.remove(who) || receivers_.remove(who)) return;
        if (count_ > 0) receivers_.wake_one();
        if (count_ < capacity_) senders_.wake_one();
    }

private:
    static attempt wait_in(waiter_list& line, gate_waiter* who) noexcept {
        if (who) line.add(*who);
        return attempt::would_block;
    }
    void drop_first() noexcept {
        std::destroy_at(ring_ + first_);
        if (++first_ == capacity_) first_ = 0;
        --count_;
    }

    std::size_t const capacity_;
    T* const ring_;
    mutable std::mutex mutex_;  // of all that follows
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    bool closed_ = false;
    waiter_list senders_;
    waiter_list receivers_;
};

/// A ring of encoded values in memory that forked processes share. Codecs run outside of its lock.
template <crossable T>
class shared_store final : public channel_store<T> {
public:
    shared_store(std::size_t capacity, std::size_t bytes) : ring_(capacity, bytes) {}

    attempt put(parcel<T>& what, gate_waiter* who) override {
        auto const bytes = encode(what);
        ring_.require_room_for(bytes.size());
        shared_ring::access const ring(ring_);
        if (ring.closed()) return attempt::closed;
        std::byte* const room = ring.reserve(bytes.size());
        if (!room) return ring.wait_for(shared_ring::side::send, who);
        if (!bytes.empty()) std::memcpy(room, bytes.data(), bytes.size());
        ring.push(room, bytes.size());
        return attempt::done;
    }

    attempt take(std::optional<T>& into, gate_waiter* who) override {
        std::conditional_t<fixed_size<T>, std::array<std::byte, sizeof(T)>, std::vector<std::byte>> copy{};
        {
            shared_ring::access const ring(ring_);
            if (ring.empty())
                return ring.closed() ? attempt::closed : ring.wait_for(shared_ring::side::receive, who);
            auto const bytes = ring.front();
            if constexpr (!fixed_size<T>) copy.resize(bytes.size());
            if (!bytes.empty()) std::memcpy(copy.data(), bytes.data(), bytes.size());
            ring.pop();
        }
        byte_reader reader(copy);
        into.emplace(codec<T>::decode(reader));
        return attempt::done;
    }

    void close() noexcept override { shared_ring::access(ring_).close(); }
    bool closed() const noexcept override { return shared_ring::access(ring_).closed(); }
    std::size_t size() const noexcept override { return shared_ring::access(ring_).size(); }
    std::size_t capacity() const noexcept override { return ring_.capacity(); }
    void leave(gate_waiter&) noexcept override {}  // a wake-up goes to all that wait
    int descriptor() const noexcept override { return ring_.descriptor(); }

private:
    static std::span<std::byte const> encode(parcel<T>& what) {
        if constexpr (fixed_size<T>) {
            return std::as_bytes(std::span<T const, 1>(&what.value, 1));
        } else {
            if (!what.encoded) codec<T>::encode(what.value, what.bytes);
            what.encoded = true;
            return what.bytes.bytes();
        }
    }

    mutable shared_ring ring_;
};

}  // namespace quartet::inline v0::detail
