// src/call/piece_recorder.hpp
//
// Records of tasks that this machine runs for another one. They come in pieces of a call, each with its own
// batch: the slots and waits of its tasks lie in the batch's memory, and are gone with it when they are taken
// at its end. So they need no room of their own.
#pragma once

#include "src/call/left_record.hpp"

#include <quartet/detail/io/nested_recording.hpp>
#include <quartet/detail/io/task_slots.hpp>
#include <quartet/detail/shm/shared_heap.hpp>
#include <quartet/task_recorder.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace quartet::inline v0::detail {

/// A wait in a batch's memory.
struct piece_wait {
    piece_wait* next;
    task_slot const* slot;
    std::int64_t began;
    std::int64_t ended;
    std::uint64_t nested;  ///< as task_wait::nested
};

/// Calls that a body has made, in a batch's memory: so many slots behind this.
struct piece_nested {
    piece_nested* next;
    task_slot const* slot;
    std::size_t count;

    std::span<nested_slot> calls() noexcept { return {reinterpret_cast<nested_slot*>(this + 1), count}; }
};

/// Those of a batch; workers push them.
struct piece_parts {
    std::atomic<piece_wait*> waits = nullptr;
    std::atomic<piece_nested*> nested = nullptr;
};

/// Keeps a wait of a task, if the recorder has room for one more and the batch's memory has.
void keep_wait_of_piece(wait_keeper const& where, task_slot& of, std::int64_t began,
                        std::int64_t ended) noexcept;

/// Slots for so many calls that a body of the task makes, or none for want of room.
std::span<nested_slot> take_nested_of_piece(wait_keeper const& where, task_slot const& of,
                                            std::size_t count) noexcept;

/// Made before the workers are forked. Any thread.
class piece_recorder {
public:
    /// Keeps so many waits, and calls of bodies, of tasks under way; with 0 none, and only as many records as
    /// cost a worker less than one percent of its time. Throws std::system_error.
    explicit piece_recorder(std::size_t wait_room);
    ~piece_recorder();
    piece_recorder(piece_recorder const&) = delete;
    piece_recorder& operator=(piece_recorder const&) = delete;

    /// Slots for `count` tasks in a row, the first of which is number `first` of its call, of which every
    /// n-th leaves a record. In the arena's memory. When `recorder`, the id of the one they are for, is
    /// another than before, all workers are forgotten. Throws std::bad_alloc.
    job_slots lay_out(shared_arena& arena, std::size_t first, std::size_t count, std::size_t every,
                      std::uint64_t recorder);

    /// What tasks have left in such slots, in the order of the tasks. Once; `slots` are of no use then.
    std::vector<left_record> take(job_slots const& slots, std::size_t count);

    /// Workers that have come since somebody asked last.
    std::vector<recorded_worker> new_workers();

private:
    std::vector<left_record> started_of(job_slots const& slots, std::size_t count) const;
    void add_waits(job_slots const& slots, std::vector<left_record>& to) const;
    void add_nested(job_slots const& slots, std::vector<left_record>& to) const;

    task_memory* memory_;
    std::mutex mutex_;      // guards what follows
    std::size_t told_ = 0;  // workers
};

}  // namespace quartet::inline v0::detail
