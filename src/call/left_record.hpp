// src/call/left_record.hpp
//
// What a task has left where it ran, to be moved to the recorder of another machine.
#pragma once

#include <quartet/detail/io/task_slots.hpp>
#include <quartet/task_recorder.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace quartet::inline v0::detail {

/// Times are nanoseconds of the clock by which the task ran.
struct left_record {
    struct wait {
        std::int64_t began;
        std::int64_t ended;
        std::uint64_t nested = wait_keeper::by_task;  ///< as task_wait::nested
        friend bool operator==(wait const&, wait const&) = default;
    };

    /// As nested_record.
    struct call {
        std::uint64_t id = 0;
        std::uint64_t parent = wait_keeper::by_task;
        std::uint32_t worker = 0;
        std::int64_t made = 0;
        std::optional<std::int64_t> started{};
        std::optional<std::int64_t> ended{};
        nested_end end = nested_end::not_yet;
        friend bool operator==(call const&, call const&) = default;
    };

    std::size_t task = 0;  ///< in what ran there together
    std::uint32_t worker = 0;
    std::int64_t started = 0;
    std::int64_t ended = 0;
    bool failed = false;
    bool waits_known = false;  ///< all of them are there
    std::vector<wait> waits{};
    std::vector<call> nested{};  ///< by id
    std::uint64_t nested_made = 0;

    friend bool operator==(left_record const&, left_record const&) = default;
};

}  // namespace quartet::inline v0::detail
