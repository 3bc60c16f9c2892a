// tests/stress/leftovers.hpp
//
// What a process has of the system: descriptors, mappings, threads, children. A stress test notes it before
// and compares it after, since an executor that is gone must leave nothing behind.
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
    std::vector<std::string> processes{};  ///< its children, zombies too, and others of its process group
};

/// Adds a fault for each thing that is there now and was not before. Waits a while for things to go: the
/// system may list a thread for a moment after it was joined.
void check_leftovers(belongings const& before, fault_list& to);

}  // namespace quartet::stress
