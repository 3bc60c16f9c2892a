// src/models/cluster/link_process.hpp
//
// The link process of a rank: the only one with MPI in it. It moves messages between the rank's program, with
// which it shares memory, and the link processes of the other ranks, and ends with its program.
//
// A process that has started MPI can't be forked safely, least of all on fast networks, and a pool of workers
// forks all the time. So MPI has a process of its own, which never forks, and the program has no MPI.
#pragma once

#include "src/models/cluster/launch.hpp"
#include "src/models/cluster/link_memory.hpp"

#include <chrono>
#include <string>
#include <sys/types.h>

namespace quartet::inline v0::detail {

struct link_process_options {
    std::string plugin{};
    launch how{};
    std::chrono::nanoseconds silence{};
    pid_t program = 0;
    int program_end = -1;    ///< a pidfd of the program
    int program_wakes = -1;  ///< readable when it wakes the link process
};

/// In a process that was just forked, with one thread. What it has to tell it tells in the memory.
[[noreturn]] void run_link_process(link_memory& memory, link_process_options const& options) noexcept;

}  // namespace quartet::inline v0::detail
