// tests/stress/leftovers.hpp
//
// What a process has: descriptors, mappings, threads, children. Compared before and after.
#pragma once

#include "tests/stress/promises.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

namespace quartet::stress {

struct belongings {
    /// Of this process now.
    static belongings now();

    std::map<std::string, std::size_t> descriptors{};  ///< by what they lead to
    std::size_t mappings = 0;
    std::size_t shared_mappings = 0;
    std::size_t threads = 0;
    std::vector<std::string> processes{};  ///< its children, zombies too, and whoever else is of its group
};

/// Adds a fault for what is there now and was not before. Waits, within reason, for what is on its way out: a
/// thread that was joined may be listed a moment longer.
void check_leftovers(belongings const& before, fault_list& to);

}  // namespace quartet::stress
