// include/quartet/workload/task_order.hpp
//
// The order in which the tasks of a map begin: `quartet check` runs them in several. Plain value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quartet::inline v0 {

/// In which order the tasks of a map begin; its outcomes come in that of the inputs all the same.
struct task_order {
    enum kind { as_given, backwards, shuffled };
    kind how = as_given;
    std::uint64_t seed = 0;  ///< of shuffled

    /// The indices of `count` tasks in the order they are to begin. The same for the same seed, on every
    /// machine.
    std::vector<std::size_t> indices(std::size_t count) const;

    friend bool operator==(task_order const&, task_order const&) = default;
};

}  // namespace quartet::inline v0
