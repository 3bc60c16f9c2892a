// src/io/loop/timer_queue.hpp
//
// The operations of one event loop that end by the clock, in order of their deadlines: a heap of pointers,
// and each operation knows its index in it. Adding and removing take O(log n), and 24 bytes an operation; an
// Asio timer for each would take some 200 bytes and an allocation. For one thread. Knows no clock: the loop
// has one, and so has the fake.
#pragma once

#include <quartet/backend/operation.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace quartet::inline v0::detail {

class timer_queue {
public:
    using time_point = std::chrono::steady_clock::time_point;

    bool empty() const noexcept { return heap_.empty(); }

    /// The earliest deadline. Requires !empty().
    time_point earliest() const noexcept { return heap_.front().deadline; }

    /// Adds an operation. Those with equal deadlines end in the order they were added.
    void add(timed_operation& waiting, time_point deadline);

    /// Takes out the earliest operation. Requires !empty().
    timed_operation& pop() noexcept;

    /// Takes out `waiting`; false if it is not in the queue.
    bool remove(timed_operation& waiting) noexcept;

private:
    struct entry {
        time_point deadline;
        std::uint64_t order;
        timed_operation* waiting;

        bool before(entry const& other) const noexcept {
            return deadline != other.deadline ? deadline < other.deadline : order < other.order;
        }
    };

    void put(std::size_t index, entry const& moved) noexcept;
    void rise(std::size_t index, entry const& moved) noexcept;
    void sink(std::size_t index, entry const& moved) noexcept;

    std::vector<entry> heap_;
    std::uint64_t added_ = 0;
};

}  // namespace quartet::inline v0::detail
