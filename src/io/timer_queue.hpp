// src/io/timer_queue.hpp
//
// The sleeps of one event loop, ordered by deadline: a binary heap of pointers to operations. Adding and
// removing take O(log n), and 24 bytes a sleep; an Asio timer
// per sleep takes some 200 bytes and an allocation. For one thread. Knows no clock: the loop has one, and
// so has the fake.
#pragma once

#include <quartet/operations.hpp>

#include <chrono>
#include <cstddef>
#include <vector>

namespace quartet::detail {

class timer_queue {
public:
    using time_point = std::chrono::steady_clock::time_point;

    bool empty() const noexcept { return heap_.empty(); }

    /// The earliest deadline. Requires !empty().
    time_point earliest() const noexcept { return heap_.front().deadline; }

    /// Adds a sleep. Sleeps with equal deadlines end in the order they were added.
    void add(sleep_operation& operation, time_point deadline);

    /// Takes out the earliest sleep. Requires !empty().
    sleep_operation& pop() noexcept;

private:
    struct entry {
        time_point deadline;
        std::uint64_t order;
        sleep_operation* operation;
    };

    std::vector<entry> heap_;
    std::uint64_t added_ = 0;
};

}  // namespace quartet::detail
