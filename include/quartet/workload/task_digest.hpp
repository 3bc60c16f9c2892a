// include/quartet/workload/task_digest.hpp
//
// What is kept of each task, for `quartet check`, which compares them between runs. Plain value.
#pragma once

#include <cstdint>
#include <string>

namespace quartet::inline v0 {

/// What a task gave, small enough to be kept of every one.
struct task_digest {
    std::uint64_t value = 0;  ///< of all its bytes, or of the failure's text
    bool failed = false;
    std::string text{};  ///< a number or the beginning of a text, for people; empty for other types

    friend bool operator==(task_digest const&, task_digest const&) = default;
};

}  // namespace quartet::inline v0
