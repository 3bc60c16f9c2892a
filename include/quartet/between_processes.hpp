// include/quartet/between_processes.hpp
//
// What makes a channel, a lock or a limit one that forked processes share.
//
//     quartet::channel<int> values(100, quartet::between_processes{});
//     quartet::mutex accounts(quartet::between_processes{});
//
// It is for the process that makes it and those that are forked from it afterwards: make it before the
// executor. Each such object takes a descriptor.
#pragma once

#include <cstddef>

namespace quartet::inline v0 {

struct between_processes {
    /// Of a channel, for values that have not all the same size: how much room their encoded forms have
    /// together. A larger value can't be sent. Memory is taken as it is used, and kept.
    std::size_t bytes = std::size_t{16} << 20;
};

}  // namespace quartet::inline v0
