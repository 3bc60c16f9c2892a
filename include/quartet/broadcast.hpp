// include/quartet/broadcast.hpp
//
// A large value that all tasks read: a table, a model, a matrix. It is kept once on each machine, however
// many workers, tasks and calls there are.
//
//     quartet::broadcast<std::map<std::string, double>> const prices(load());
//     auto const worth = [prices = prices.view()](order const& each) {
//         return prices->at(each.item) * each.count;
//     };
//     auto const all = executor.map(worth, orders);
//
// The broadcast owns the value. A view is a handle to it, 32 bytes whatever the size, which bodies capture or
// take as an input. It works under every model, and in workers that are older than the broadcast:
//
//   - in the process that made it, and so under `single`, `threads` and `async`, it gives the very object;
//   - a worker process makes its own object of the encoded value when it is first asked for it, and all later
//     tasks of that worker find it. Workers of an executor that was made after the broadcast have the object
//     already;
//   - on a cluster the encoded value is sent to each machine once, before the first tasks there that have a
//     view of it, and its workers find it in their machine's memory. The root's own machine is sent nothing.
//
// What needs no decoding is read where it lies, without an object in each worker: a broadcast<T[]>, which is
// made of a range and gives a std::span<T const>, and trivially copyable types.
//
//     quartet::broadcast<float[]> const weights(read_weights());
//     auto const score = [weights = weights.view()](sample const& each) { return dot(*weights, each); };
//
// To make one costs the encoding and as much shared memory as that takes, under every model: where the value
// has a codec of several parts there are two copies then, and a third while it is encoded.
#pragma once

#include <quartet/codec.hpp>
#include <quartet/detail/shm/broadcast_memory.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <limits>
#include <memory>
#include <new>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>

namespace quartet::inline v0 {
namespace detail {

/// Read where it lies.
template <class T>
concept read_in_place = fixed_size<T> && alignof(T) <= shared_memory::alignment;

/// How views get at the value of a broadcast<T>.
template <class T>
struct broadcast_access {
    using reference = T const&;

    static reference find(broadcast_name const& name) {
        if constexpr (read_in_place<T>) {
            return *std::launder(static_cast<T const*>(find_broadcast_bytes(name)));
        } else {
            return *static_cast<T const*>(find_broadcast_object(name, &decode));
        }
    }
    static std::shared_ptr<void const> decode(std::span<std::byte const> bytes) {
        byte_reader in(bytes);
        return std::make_shared<T const>(codec<T>::decode(in));
    }
};
template <class T>
struct broadcast_access<T[]> {
    using reference = std::span<T const>;

    static reference find(broadcast_name const& name) {
        return {static_cast<T const*>(find_broadcast_bytes(name)), name.memory.bytes / sizeof(T)};
    }
};

}  // namespace detail

/// A handle to the value of a broadcast; trivially copyable.
template <class T>
class broadcast_view {
public:
    /// What it gives: T const&, or a std::span<X const> where T is X[].
    using reference = typename detail::broadcast_access<T>::reference;

    /// Of no broadcast: get() throws.
    broadcast_view() = default;

    /// The value, in this process; any thread. The first time in a worker it costs the decoding, later a lock
    /// and a look-up or two, less than a tenth of a microsecond: ask once a body, not once an element.
    ///
    /// Throws what the codec throws; std::runtime_error if the broadcast is gone, or there was no memory for
    /// it on this machine; std::bad_alloc and std::system_error if there is no room or the system refuses.
    /// What it gives must not be used when the broadcast is gone.
    reference get() const { return detail::broadcast_access<T>::find(name_); }
    reference operator*() const { return get(); }

    /// Its members.
    std::remove_reference_t<reference>* operator->() const requires(!std::is_unbounded_array_v<T>) {
        return &get();
    }

private:
    template <class>
    friend class broadcast;
    explicit broadcast_view(detail::broadcast_name const& name) noexcept : name_(name) {}

    detail::broadcast_name name_;
};

/// The value of type T, or the elements X of a range where T is X[]; it is not changed any more. Copies share
/// it, and the last one to go ends it: on this machine at once, on those of a cluster within a tenth of the
/// silence after which one is lost. A call that has begun with a body that captures a view keeps it
/// until the call, and its future, are gone; for views among the inputs the program has to. An object that a
/// worker has made goes when the worker makes the next one, or ends. Any thread may use a copy of its own. In
/// a forked child it is a view, and does not end the value.
template <class T>
class broadcast {
    static constexpr bool crosses = crossable<T>;
    static_assert(crosses,
                  "quartet: the value of a broadcast can't cross to other processes: pointers and views "
                  "leave behind what "
                  "they point to, so do iterators and structs that hold one; other types need a serialize() "
                  "member, what "
                  "<quartet/codec_cereal.hpp> brings, or a specialization of quartet::codec");

public:
    /// Throws what the codec throws, std::bad_alloc if the machine has less memory than that or has none
    /// left, and std::system_error if the system refuses for another reason, as when no descriptor is left or
    /// files may not be as large.
    explicit broadcast(T const& value) requires detail::read_in_place<T>
        : memory_(detail::make_broadcast_memory(sizeof(T))) {
        std::memcpy(memory_->bytes().data(), &value, sizeof value);
    }
    explicit broadcast(T value) requires(!detail::read_in_place<T>) {
        if constexpr (crosses) keep(std::move(value));
    }

    /// Good for as long as the broadcast, or a copy of it, is there.
    broadcast_view<T> view() const noexcept { return broadcast_view<T>(memory_->name()); }

    /// The value, as a view gives it.
    T const& get() const { return view().get(); }
    T const& operator*() const { return get(); }
    T const* operator->() const { return &get(); }

private:
    void keep(T&& value) {
        byte_writer encoded;
        codec<T>::encode(value, encoded);
        memory_ = detail::make_broadcast_memory(encoded.bytes().size());
        std::ranges::copy(encoded.bytes(), memory_->bytes().data());
        memory_->hold(std::make_shared<T const>(std::move(value)));
    }

    std::shared_ptr<detail::broadcast_memory> memory_;
};

template <class T>
broadcast(T) -> broadcast<T>;

/// Elements in a row.
template <class T>
class broadcast<T[]> {
    static_assert(std::is_trivially_copyable_v<T> && !detail::holds_pointer<T>,
                  "quartet: the elements of a broadcast are bytes that other processes read: they must be "
                  "trivially copyable, and no pointers or views, which would lead nowhere; a broadcast of a "
                  "std::vector may have others");
    static_assert(alignof(T) <= detail::shared_memory::alignment,
                  "quartet: the elements of a broadcast are aligned to 64 bytes at the most");

public:
    /// A copy of the elements; throws as above.
    template <std::ranges::sized_range Range>
    requires(!std::same_as<std::remove_cvref_t<Range>, broadcast> &&
             std::indirectly_copyable<std::ranges::iterator_t<Range>, T*>) explicit broadcast(Range&& values)
        : memory_(
              detail::make_broadcast_memory(bytes_of(static_cast<std::size_t>(std::ranges::size(values))))) {
        std::ranges::copy(values, reinterpret_cast<T*>(memory_->bytes().data()));
    }

    broadcast_view<T[]> view() const noexcept { return broadcast_view<T[]>(memory_->name()); }
    std::span<T const> get() const { return view().get(); }
    std::span<T const> operator*() const { return get(); }

private:
    static std::size_t bytes_of(std::size_t size) {
        if (size > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_array_new_length();
        return size * sizeof(T);
    }

    std::shared_ptr<detail::broadcast_memory> memory_;
};

}  // namespace quartet::inline v0
