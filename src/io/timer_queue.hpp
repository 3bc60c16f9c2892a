// src/io/timer_queue.hpp
//
// The operations of one event loop that end by the clock, in order of their deadlines: a binary heap of
// pointers. Adding and removing take O(log n), and 24 bytes an operation; an Asio timer for each would take
// some 200 bytes and an allocation. For one thread. Knows no clock: the loop has one, and so has the fake.
#pragma once

#include <quartet/operations.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace quartet::detail {

class timer_queue {
public:
    using time_point = std::chrono::steady_clock::time_point;

    bool empty() const noexcept { return heap_.empty(); }

    /// The earliest deadline. Requires !empty().
    time_point earliest() const noexcept { return heap_.front().deadline; }

    /// Adds an operation. Those with equal deadlines end in the order they were added.
    void add(operation& waiting, time_point deadline);

    /// Takes out the earliest operation. Requires !empty().
    operation& pop() noexcept;

private:
    struct entry {
        time_point deadline;
        std::uint64_t order;
        operation* waiting;
    };

    std::vector<entry> heap_;
    std::uint64_t added_ = 0;
};

}  // namespace quartet::detail
