// src/call/left_record.hpp
//
// What a task has left where it ran, to be moved to the recorder of another machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quartet::inline v0::detail {

/// Times are nanoseconds of the clock by which the task ran.
struct left_record {
    struct wait {
        std::int64_t began;
        std::int64_t ended;
        friend bool operator==(wait const&, wait const&) = default;
    };

    std::size_t task = 0;  ///< in what ran there together
    std::uint32_t worker = 0;
    std::int64_t started = 0;
    std::int64_t ended = 0;
    bool failed = false;
    bool waits_known = false;  ///< all of them are there
    std::vector<wait> waits{};

    friend bool operator==(left_record const&, left_record const&) = default;
};

}  // namespace quartet::inline v0::detail
