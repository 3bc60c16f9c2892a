// include/quartet/channel.hpp
//
// A queue with a limit that hands values from those who make them to those who use them: bodies, threads, and
// for types with a codec also processes. Any number of each.
//
//     quartet::channel<std::string> lines(100);
//     co_await lines.send(ctx, "a line");                            // in a body
//     while (auto line = co_await lines.receive(ctx)) use(*line);
//     lines.send("a line");                                          // outside of bodies
//     lines.close();
//
// A full channel makes senders wait, an empty one receivers. A closed one takes nothing more; receivers get
// what is left and then nothing. Each value is received once, in the order in which values were sent; there
// is no promised order among waiting bodies and threads.
//
// In a body await the members that take its context. They wait as all operations do: on an event loop the
// others go on, in a blocking context the thread waits. There bodies run one after another, so one that waits
// for a later body waits for ever. A stop, a time limit and a sibling that ends it make the wait end early
// with `cancelled`; then nothing was sent, or taken. A send or receive that need not wait does not let other
// bodies run.
//
// By itself a channel is for the threads of its process. With `between_processes` it is also for processes
// that are forked after it was made: make it before the executor. A process may be killed at any moment: a
// value it was sending was sent or not, one that it had received is lost with it, and the others go on. A
// channel that can't be reached in the process where it is used throws std::logic_error.
//
// Bodies capture a reference or pointer to it, or it is a global. All members may be called from any thread,
// except the destructor: then nobody may use the channel, nor wait for it.
//
// Cost (benchmarks/channel): a lock and a move, 10 to 15 ns, and no system call when nobody waits. Between
// processes values are copied as bytes; one that comes while several processes wait wakes them all.
#pragma once

#include <quartet/between_processes.hpp>
#include <quartet/codec.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/base/deadline.hpp>
#include <quartet/detail/base/fork_visibility.hpp>
#include <quartet/detail/base/misuse.hpp>
#include <quartet/detail/io/channel_store.hpp>
#include <quartet/detail/io/gate.hpp>
#include <quartet/detail/io/operations/gate_operation.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace quartet::inline v0 {

/// Thrown by what sends to a closed channel; nothing was sent.
class channel_closed : public std::runtime_error {
public:
    channel_closed() : std::runtime_error("quartet: the channel is closed") {}
};

namespace detail {

template <class T>
class [[nodiscard]] send_operation final : public gate_operation {
public:
    send_operation(context& owner, channel_store<T>& store, T value)
        : gate_operation(owner, store, 1), store_(&store), value_(std::move(value)) {}
    send_operation(send_operation&& other) noexcept
        : gate_operation(std::move(other)), store_(other.store_), value_(std::move(other.value_)) {}

    bool await_ready() {
        if (last_try() == attempt::done) [[unlikely]]
            misuse("this send was awaited before, and its value is gone");
        return gate_operation::await_ready();
    }
    void await_resume() {
        throw_error();
        if (last_try() == attempt::closed) throw channel_closed();
    }

private:
    attempt try_once(gate_waiter* who) override { return store_->put(parcel_, who); }

    channel_store<T>* store_;
    T value_;
    parcel<T> parcel_{value_};
};

template <class T>
class [[nodiscard]] receive_operation final : public gate_operation {
public:
    receive_operation(context& owner, channel_store<T>& store) noexcept
        : gate_operation(owner, store, 0), store_(&store) {}

    std::optional<T> await_resume() {
        throw_error();
        return std::exchange(value_, std::nullopt);
    }

private:
    attempt try_once(gate_waiter* who) override { return store_->take(value_, who); }

    channel_store<T>* store_;
    std::optional<T> value_;
};

}  // namespace detail

template <class T>
class channel {
    static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                  "quartet: the values of a channel must be movable without exceptions");

public:
    /// A channel within this process, for `capacity` values at a time. Throws std::invalid_argument if that
    /// is 0.
    explicit channel(std::size_t capacity)
        : visibility_(false), store_(std::make_unique<detail::local_store<T>>(at_least_one(capacity))) {}

    /// A channel between processes. Takes a descriptor. Throws std::system_error if the system refuses.
    channel(std::size_t capacity, between_processes options)
        : visibility_(true), store_(make_shared_store(at_least_one(capacity), options)) {}

    /// Values that are left in it are dropped. In the process that made it: for the others it is closed.
    ~channel() = default;
    channel(channel const&) = delete;
    channel& operator=(channel const&) = delete;

    /// In a body: adds the value when there is room. Throws channel_closed, and for a value larger than a
    /// channel between processes std::length_error.
    detail::send_operation<T> send(context& ctx, T value) { return {ctx, store(), std::move(value)}; }

    /// In a body: takes the next value when there is one. Empty: the channel is closed, nothing is left in
    /// it.
    detail::receive_operation<T> receive(context& ctx) { return {ctx, store()}; }

    /// Outside of bodies: the same, and the thread waits.
    void send(T value) { send_until(value, time_point::max()); }
    std::optional<T> receive() { return receive_until(time_point::max()); }

    /// The same for no longer than `limit`: false or empty if that was not enough.
    bool send_for(std::chrono::nanoseconds limit, T value) { return send_until(value, deadline(limit)); }
    std::optional<T> receive_for(std::chrono::nanoseconds limit) { return receive_until(deadline(limit)); }

    /// Without waiting, anywhere: false if there is no room, empty if there is no value. A value that was not
    /// sent is not moved from.
    bool try_send(T&& value) { return sent(try_put(value)); }
    bool try_send(T const& value) {
        T copy(value);
        return sent(try_put(copy));
    }
    std::optional<T> try_receive() {
        std::optional<T> value;
        store().take(value, nullptr);
        return value;
    }

    /// No more values are sent. All who wait go on. Once is enough, more does nothing.
    void close() { store().close(); }
    bool closed() const { return store().closed(); }

    /// How many values are in it, at this moment.
    std::size_t size() const { return store().size(); }
    std::size_t capacity() const { return store().capacity(); }

private:
    using time_point = std::chrono::steady_clock::time_point;

    static std::size_t at_least_one(std::size_t capacity) {
        if (capacity == 0)
            throw std::invalid_argument("quartet: a channel needs room for one value at least");
        return capacity;
    }

    static std::unique_ptr<detail::channel_store<T>> make_shared_store(std::size_t capacity,
                                                                       between_processes options) {
        constexpr bool can_cross = crossable<T>;
        static_assert(
            can_cross,
            "quartet: the channel's values can't cross to a process: pointers and views leave behind what "
            "they "
            "point to, so do iterators and structs that hold one; other types need a serialize() "
            "member, what <quartet/codec_cereal.hpp> brings, or a specialization of quartet::codec");
        if constexpr (can_cross) {
            std::size_t const bytes =
                detail::fixed_size<T> ? detail::shared_ring::bytes_for(capacity, sizeof(T)) : options.bytes;
            return std::make_unique<detail::shared_store<T>>(capacity, bytes);
        }
    }

    static time_point deadline(std::chrono::nanoseconds limit) {
        return detail::deadline_after(std::chrono::steady_clock::now(), limit);
    }

    static bool sent(detail::attempt how) {
        if (how == detail::attempt::closed) throw channel_closed();
        return how == detail::attempt::done;
    }

    // The address of a member, and nothing of the object: see fork_visibility.hpp.
    detail::channel_store<T>& store() const {
        detail::fork_visibility::require(&visibility_, "channel");
        return *store_;
    }

    detail::attempt try_put(T& value) {
        detail::parcel<T> what(value);
        return store().put(what, nullptr);
    }

    bool send_until(T& value, time_point deadline) {
        detail::parcel<T> what(value);
        auto& queue = store();
        return sent(
            detail::wait_at(queue, deadline, [&](detail::gate_waiter* who) { return queue.put(what, who); }));
    }

    std::optional<T> receive_until(time_point deadline) {
        std::optional<T> value;
        auto& queue = store();
        detail::wait_at(queue, deadline, [&](detail::gate_waiter* who) { return queue.take(value, who); });
        return value;
    }

    detail::fork_visibility visibility_;
    std::unique_ptr<detail::channel_store<T>> store_;
};

}  // namespace quartet::inline v0
