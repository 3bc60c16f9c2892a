// measure/commands/starter_protocol.hpp
//
// What the tool and the process that starts commands for it tell each other. Internal to starter.cpp and
// starting_process.cpp; both are of one program, so values pass as they lie in memory.
#pragma once

#include "measure/commands/starter.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/types.h>
#include <vector>

namespace quartet::measure {

/// Bytes that a command's environment may be longer by. A page: beyond, alignments repeat.
inline constexpr std::size_t most_padding = 4096;

struct start_request {
    std::uint32_t command = 0;
    std::uint32_t round = 0;
    std::uint32_t padding = 0;  ///< bytes that its environment is longer by
    bool keeps_errors = false;  ///< its standard error is wanted
    bool timed = false;         ///< else it is one that goes before or after
};

struct start_reply {
    int error = 0;   ///< errno of what kept it from starting; 0 if nothing did
    int status = 0;  ///< as wait4 gives it
    int stopped_by = 0;
    std::int64_t wall_nanoseconds = 0;
    rusage used{};
    long own_peak = 0;  ///< of the starting process, in KiB: ru_maxrss is never less
    counter_figures counters{};
    std::uint32_t left = 0;  ///< processes
    std::array<char, 16> left_name{};
};

/// In memory that both see.
struct shared_state {
    std::atomic<pid_t> running{0};  ///< the command that runs, which leads a group
    std::atomic<int> start_error{0};
    std::atomic<bool> ending{false};  ///< all of what it has started is to be ended, too
};

/// The descriptors that the starting process has besides its socket. -1: none.
struct start_descriptors {
    int output = -1;  ///< the pipe's end for writing
    int errors = -1;  ///< the file that keeps standard error
};

/// Where the program that is the starting process finds these.
enum handed_descriptor : int {
    handed_socket = 3,
    handed_state,  ///< shared_state, in a file in memory
    handed_plan,   ///< commands and options, as plan_text() has them
    handed_errors,
    handed_output,  ///< perhaps
    handed_end
};

struct start_plan {
    std::vector<word_list> commands;
    start_options how;
};

/// The plan as texts that each end in a NUL byte.
std::string plan_text(std::vector<word_list> const& commands, start_options const& how);

/// The opposite, of a text that plan_text() has made.
start_plan read_plan(std::string_view text);

/// Serves requests until the socket is closed; never returns. In the forked child.
[[noreturn]] void serve_starts(int socket, std::vector<word_list> const& commands, start_options const& how,
                               start_descriptors const& files, shared_state& shared);

}  // namespace quartet::measure
