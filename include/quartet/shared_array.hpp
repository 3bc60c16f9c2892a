// include/quartet/shared_array.hpp
//
// Large data that bodies read, or write in different places, without copies; also from other processes.
//
//     quartet::shared_array<double> const samples(load());
//     auto const sum_of = [all = samples.view()](std::size_t first) {
//         auto const mine = all.span().subspan(first, 1000);
//         return std::accumulate(mine.begin(), mine.end(), 0.0);
//     };
//     auto const sums = executor.map(sum_of, firsts);
//
// The array owns the memory. A view is a handle to it, 24 bytes whatever the size, which bodies capture or
// take as an input. It works under every model, and in workers that are older than the array.
//
// Nobody locks: different elements may be written at the same time. What several bodies write needs a T that
// is a lock-free std::atomic, which works across processes too. What a map has written can be read when it
// has returned. A worker that dies leaves what it had written.
//
// Making an array takes its memory from the system, about 0.2 s a GiB, and ending it gives it back, as much
// again. A worker that is older than the array maps it when it first asks for the elements, in some 20 µs.
// The first touch of each page by each process costs what it does with any new memory, about 0.3 s a GiB.
#pragma once

#include <quartet/codec.hpp>
#include <quartet/detail/shm/shared_memory.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <limits>
#include <new>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>

namespace quartet::inline v0 {

/// A handle to the elements of a shared_array; trivially copyable. shared_view<T const> for reading only.
template <class T>
class shared_view {
public:
    /// Of no array: span() throws.
    shared_view() = default;

    /// For reading only.
    operator shared_view<T const>() const noexcept requires(!std::is_const_v<T>) {
        return shared_view<T const>(name_);
    }

    /// The elements, in this process; any thread. Costs a lock and a look-up, some tens of nanoseconds: ask
    /// once a body, not once an element.
    ///
    /// Throws std::runtime_error if the array is gone, or the process that made it; std::system_error if the
    /// system refuses, as when no descriptor is left; std::bad_alloc if there is no room in the address
    /// space. The span must not be used after the array is gone.
    std::span<T> span() const { return {static_cast<T*>(detail::find_shared_memory(name_)), size()}; }

    /// How many elements.
    std::size_t size() const noexcept { return name_.bytes / sizeof(T); }

private:
    template <class>
    friend class shared_view;
    template <class>
    friend class shared_array;
    explicit shared_view(detail::shared_memory_name const& name) noexcept : name_(name) {}

    detail::shared_memory_name name_;
};

/// A fixed number of elements. As with a std::vector, one thread at a time changes the array itself, and any
/// may use its elements. In a forked child it is a view, and does not end the memory.
template <class T>
class shared_array {
    static_assert(std::is_trivially_copyable_v<T> && !detail::holds_pointer<T>,
                  "quartet: the elements of a shared_array are bytes that other processes read: they must be "
                  "trivially copyable, and no pointers or views, which would lead nowhere");
    static_assert(alignof(T) <= detail::shared_memory::alignment,
                  "quartet: the elements of a shared_array are aligned to 64 bytes at the most");

public:
    /// `size` elements whose bits are zero.
    ///
    /// Throws std::bad_alloc if the machine has less memory than that or has none left, std::system_error if
    /// the system refuses for another reason, as when no descriptor is left or files may not be as large. A
    /// memory limit of a cgroup is not asked for: the system ends processes that exceed it.
    explicit shared_array(std::size_t size)
        : memory_(bytes_of(size)), elements_(static_cast<T*>(memory_.data()), size) {}

    /// A copy of the elements of a range; throws as above.
    template <std::ranges::sized_range Range>
    requires(
        !std::same_as<std::remove_cvref_t<Range>, shared_array> &&
        std::indirectly_copyable<std::ranges::iterator_t<Range>, T*>) explicit shared_array(Range&& values)
        : shared_array(static_cast<std::size_t>(std::ranges::size(values))) {
        std::ranges::copy(values, begin());
    }

    /// What was moved from is empty.
    shared_array(shared_array&& other) noexcept
        : memory_(std::move(other.memory_)), elements_(std::exchange(other.elements_, {})) {}
    shared_array& operator=(shared_array&& other) noexcept {
        memory_ = std::move(other.memory_);
        elements_ = std::exchange(other.elements_, {});
        return *this;
    }

    /// Gives the memory back at once, even if other processes still have it mapped. Bodies must have ended.
    /// (When the process is killed, the memory stays until those that have it mapped have ended too; workers
    /// end with it.)
    ~shared_array() = default;

    /// Good for as long as the array is there, though that may be moved.
    shared_view<T> view() noexcept { return shared_view<T>(memory_.name()); }
    shared_view<T const> view() const noexcept { return shared_view<T const>(memory_.name()); }

    std::size_t size() const noexcept { return elements_.size(); }
    T* data() noexcept { return elements_.data(); }
    T const* data() const noexcept { return elements_.data(); }
    T* begin() noexcept { return data(); }
    T const* begin() const noexcept { return data(); }
    T* end() noexcept { return data() + size(); }
    T const* end() const noexcept { return data() + size(); }
    T& operator[](std::size_t index) noexcept { return elements_[index]; }
    T const& operator[](std::size_t index) const noexcept { return elements_[index]; }

private:
    static std::size_t bytes_of(std::size_t size) {
        if (size > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_array_new_length();
        return size * sizeof(T);
    }

    detail::shared_memory memory_;
    std::span<T> elements_;  // all of memory_; empty if that was moved from
};

}  // namespace quartet::inline v0
