// src/models/worker_process.hpp
//
// What the parent and its worker processes share, and what a worker does.
//
// A pool worker waits for a batch, takes chunks of its tasks until none is left, and waits again. A
// worker of `processes:each` runs the one task that has its number and ends.
#pragma once

#include <quartet/detail/remote.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace quartet::detail {

/// A range of task indices in one atomic word; first == last is empty. So a batch has fewer than 2^32 tasks.
struct index_range {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    bool empty() const noexcept { return first == last; }
};

/// One worker's place in shared memory.
struct alignas(64) worker_slot {
    static constexpr std::size_t nothing = ~std::size_t{0};

    remote_worker remote;
    std::atomic<index_range> chunk;   ///< what it took, and may not have run yet
    std::atomic<std::uint32_t> busy;  ///< 1 from before it looks for tasks until after it found none
};
static_assert(std::atomic<index_range>::is_always_lock_free);

/// What the parent and the pool share.
///
/// A batch is open from when all of it is in place until the parent closes it. A worker says that it is
/// busy before it looks whether a batch is open, the parent closes the batch before it looks who is busy,
/// both with sequential consistency: so when a batch is closed and nobody is busy, nobody touches it.
struct pool_state {
    shared_heap* heap;
    remote_batch* batch;
    worker_slot* slots;
    std::size_t slot_count;
    std::size_t workers;                    ///< that share the tasks, for the size of chunks
    std::size_t cpu_share;                  ///< the processors that all of them have together
    int changed_event;                      ///< eventfd: all workers are idle
    int log_socket;                         ///< -1: nobody reads logs
    std::atomic<std::uint32_t> generation;  ///< futex: changes when workers should look again
    std::atomic<std::uint32_t> open;
    std::atomic<std::uint32_t> stop_word;
    std::atomic<std::size_t> next;                      ///< the first task that nobody has taken
    std::atomic<std::uint32_t> returned_count;          ///< a hint: returned ranges that are not empty
    std::array<std::atomic<index_range>, 64> returned;  ///< tasks that dead workers had taken
};

/// A log line on its way to the parent.
struct log_packet {
    std::int64_t nanoseconds;  ///< since the epoch of system_clock
    std::uint64_t worker;
    static constexpr std::size_t most_text = 16 * 1024;  ///< what is longer is cut
};

/// The body of a pool worker. Never returns.
[[noreturn]] void serve_pool(pool_state& pool, std::size_t number);

/// The body of a worker of processes:each: runs task `number` and returns.
void serve_one(pool_state& pool, std::size_t number);

}  // namespace quartet::detail
