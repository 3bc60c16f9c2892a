// src/call/task_memory.hpp
//
// Memory for records that all processes share, mapped before the workers are forked: of a recorder, or of
// what records the tasks that a machine of a cluster runs for another.
#pragma once

#include <quartet/detail/io/nested_recording.hpp>
#include <quartet/detail/io/task_slots.hpp>
#include <quartet/task_recorder.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <sys/types.h>

namespace quartet::inline v0::detail {

/// Times as in a slot.
inline std::int64_t stamp(std::chrono::steady_clock::time_point when) noexcept {
    return std::chrono::nanoseconds(when.time_since_epoch()).count() + 1;
}
inline std::chrono::steady_clock::time_point time_of(std::int64_t stamped) noexcept {
    return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(stamped - 1));
}

/// This, and the slots, waits and calls of bodies behind it.
struct task_memory {
    static constexpr std::size_t most_workers = 1024;
    static constexpr auto relaxed = std::memory_order_relaxed;

    struct worker {
        std::atomic<std::uint32_t> number;
        std::atomic<std::uint32_t> node;
        std::atomic<pid_t> process_id;
        std::atomic<pid_t> thread_id;  ///< written last; 0: not yet
        char name[48];                 ///< cut off where it is longer
    };

    struct wait {
        std::atomic<std::uint32_t> task;  ///< its slot's index, plus one; written last
        std::uint32_t nested;             ///< id of the call within which it was, plus one, or 0
        std::int64_t began;
        std::int64_t ended;
    };

    std::uint64_t id;         ///< no two recorders of a process have the same
    std::int64_t price;       ///< of one reading of the clock, in nanoseconds; 0 if that must not matter
    std::size_t capacity;     ///< slots
    std::size_t wait_room;    ///< there are none to be kept if 0
    std::size_t nested_room;  ///< for calls of bodies
    wait_keeper keeper;       ///< of waits in this memory
    std::atomic<std::size_t> waits_known;   ///< more than there was room for, maybe
    std::atomic<std::size_t> nested_known;  ///< likewise
    std::atomic<std::uint32_t> workers_known;
    std::array<worker, most_workers> workers;

    task_slot* slots() noexcept { return reinterpret_cast<task_slot*>(this + 1); }
    wait* waits() noexcept { return reinterpret_cast<wait*>(slots() + capacity); }
    std::span<wait> waits_kept() noexcept {
        return {waits(), std::min(wait_room, waits_known.load(std::memory_order_acquire))};
    }
    nested_slot* nested() noexcept { return reinterpret_cast<nested_slot*>(waits() + wait_room); }
    std::span<nested_slot> nested_kept() noexcept {
        return {nested(), std::min(nested_room, nested_known.load(std::memory_order_acquire))};
    }
    std::span<worker> workers_listed() noexcept {
        return std::span(workers).first(
            std::min<std::size_t>(workers_known.load(std::memory_order_acquire), most_workers));
    }

    /// By which waits and calls name the task of a slot in this memory.
    std::uint32_t number_of(task_slot const& which) noexcept {
        return static_cast<std::uint32_t>(&which - slots()) + 1;
    }

    /// Slots for `count` calls of bodies, or for as many as there is room.
    std::span<nested_slot> take_nested(std::size_t count) noexcept;

    /// Adds a wait of a slot in this memory; without room it is lost.
    void keep_wait(task_slot& of, std::int64_t began, std::int64_t ended,
                   std::uint64_t nested = wait_keeper::by_task) noexcept;

    /// Lists a worker, if there is room.
    void enlist(recorded_worker const& who, std::string_view name) noexcept;

    /// Forgets all workers and gets another id, so that threads enlist again. While no task is under way.
    void forget_workers(std::uint64_t new_id) noexcept;

    /// Maps pages for this and `behind` bytes more, and touches them all. Throws std::system_error.
    static task_memory* map(std::size_t behind);
    void unmap(std::size_t behind) noexcept;
    static std::size_t bytes(std::size_t behind) noexcept;
};

/// This thread is about to leave records in this memory, and has left none before.
void enlist(task_memory& memory, context const& ctx) noexcept;

/// A listed worker; nothing if it has not been written yet.
std::optional<recorded_worker> listed(task_memory::worker const& each);

/// What a reading of the clock costs, with all that belongs to it; measured once.
std::chrono::nanoseconds price_of_reading();

}  // namespace quartet::inline v0::detail
