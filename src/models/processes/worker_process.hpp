// src/models/processes/worker_process.hpp
//
// What the parent and its worker processes share, and what a worker does.
//
// A pool worker takes chunks of the tasks that are offered in a ring until none is left, sleeps, and looks
// again. One that finds none runs calls that bodies of other workers have made (worker_calls.hpp). A worker
// of `processes:each` runs the one task that it was forked for and ends.
#pragma once

#include "src/base/bounded_text.hpp"
#include "src/base/inherited_socket.hpp"
#include "src/models/processes/task_ring.hpp"

#include <quartet/backend/processes.hpp>
#include <quartet/detail/base/events.hpp>
#include <quartet/detail/call/remote.hpp>
#include <quartet/detail/io/stall_watch.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace quartet::inline v0::detail {

enum class readiness : std::uint32_t { not_yet, ready, refused };

/// Why a worker could not be initialized: of the first that failed. Written by it, and then by nobody.
struct refusal {
    static constexpr std::size_t most = 4096;
    std::atomic<std::uint32_t> claimed;
    std::atomic<std::uint32_t> told;
    char text[most];
};

/// What shared memory has of one worker.
struct alignas(64) worker_slot {
    static constexpr std::uint32_t wants_calls = 1;  // it sleeps until it is called
    static constexpr std::uint32_t has_no_room = 2;  // it sleeps, and could take nothing

    remote_worker remote;
    std::atomic<remote_batch*> batch;  ///< that it may touch; set before it takes tasks of it
    std::atomic<index_range> chunk;  ///< that it is about to take or has taken, and has not counted as ended
    std::atomic<remote_batch*> storing;  ///< of a worker with a loop: whose outcome it is storing
    loop_holder holder;                  ///< of a worker with a loop
    std::atomic<pid_t> process;          ///< that the worker is
    std::atomic<std::uint32_t> asleep;   ///< 0, or one of the following; cleared by the process that calls it
    std::atomic<std::uint32_t> calls;    ///< futex: how often it was called
    std::atomic<std::uint32_t> retired;  ///< it has run as many tasks as it was to, and ends
    std::atomic<readiness> ready;        ///< whether it was initialized
};

struct call_table;

/// What the parent and all workers share.
struct pool_state {
    shared_heap* heap;
    worker_slot* slots;     ///< the pool's
    call_table* calls;      ///< one for each of them: what its bodies have on offer
    std::string_view name;  ///< of workers, before their number; the parent's, and so in all of them
    std::size_t workers;
    std::size_t cpu_share;      ///< the processors that all of them have together
    std::size_t recycle_after;  ///< tasks that a worker runs before it ends; 0: no end
    parent_wake wake_parent;
    inherited_socket log_socket;           ///< none: nobody reads logs
    std::atomic<std::uint32_t> overflown;  ///< the parent has offers that found no room in the ring
    std::atomic<std::uint32_t> may_sleep;  ///< a worker that wants to be called may be asleep
    eventcount batch_ended;                ///< told whenever a batch has ended
    task_ring ring;
    refusal refused;
};

/// A log line on its way to the parent.
struct log_packet {
    std::int64_t nanoseconds;  ///< since the epoch of system_clock
    std::uint64_t worker;

    /// A packet comes whole or not at all; context::log cuts what is longer.
    static constexpr std::size_t room = most_text + most_mark;
};

/// Readies a slot for a new worker.
void reset_slot(worker_slot& slot, std::size_t number) noexcept;

std::string worker_name(pool_state const& pool, std::size_t number);

/// In a new worker: runs executor_options::initialize, and tells the parent of its end. If it throws, the
/// worker ends.
void initialize_worker(pool_state& pool, worker_slot& slot, std::function<void()> const& initialize);

/// Why the first worker that failed could not be initialized.
std::string why_refused(pool_state const& pool);

/// Makes a worker look again for what there is to do.
void call_worker(worker_slot& slot) noexcept;

/// The body of a pool worker. Never returns.
[[noreturn]] void serve_pool(pool_state& pool, worker_slot& slot);

/// The body of a pool worker with an event loop. Never returns.
[[noreturn]] void serve_loop(pool_state& pool, worker_slot& slot, processes_options const& options);

/// The body of a worker of processes:each: runs the task that its slot names, and returns.
void serve_one(pool_state& pool, worker_slot& slot);

/// Tells of the end of a batch. The thread that waits for it may free it then, unless a slot names it.
void tell_end(pool_state& pool, remote_batch& batch) noexcept;

// ---- For workers of a pool

/// Tells the parent of room in the ring, if it has offers that wait for some.
void tell_of_room(pool_state& pool) noexcept;

/// Takes some of the tasks that the ring offers: `size_for(batch, tasks left)` says how many. The slot names
/// them before they are taken, so that the supervisor misses none after the worker's death. Nothing if there
/// is nothing to take; then the slot names nothing.
std::optional<task_ring::offer> take_tasks(pool_state& pool, worker_slot& slot, auto&& size_for) {
    while (auto offer = pool.ring.look()) {
        slot.batch.store(offer->batch);
        auto const [first, last] = offer->tasks;
        auto const size = static_cast<std::uint32_t>(size_for(*offer->batch, std::size_t{last - first}));
        offer->tasks = {first, first + size};
        slot.chunk.store(offer->tasks);
        if (!pool.ring.take(*offer, size)) continue;
        tell_of_room(pool);
        return offer;
    }
    slot.chunk.store({});
    slot.batch.store(nullptr);
    return std::nullopt;
}

/// `tasks` of the batch have ended; what they wrote to streams of C is out. The batch may be gone then,
/// unless a slot names it.
void count_ended(pool_state& pool, remote_batch& batch, std::size_t tasks) noexcept;

}  // namespace quartet::inline v0::detail
