// tests/stress/board.hpp
//
// The counters that all processes of an episode share: how often each task began and ended, which workers
// there are, and which step each caller is at. They lie in shared memory that is mapped before the first
// worker is forked, so they have one address in all processes.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <sys/mman.h>
#include <sys/types.h>
#include <system_error>

namespace quartet::stress {

inline constexpr std::size_t most_ids = std::size_t{1} << 17;
inline constexpr std::size_t most_callers = 4;
inline constexpr std::size_t most_executors = 64;

struct board {
    std::array<std::atomic<std::uint8_t>, most_ids> begun;
    std::array<std::atomic<std::uint8_t>, most_ids> ended;
    std::array<std::atomic<std::uint8_t>, most_ids> received;
    std::array<std::atomic<pid_t>, 64> workers;
    std::atomic<pid_t> fork_server;
    std::atomic<pid_t> main_process;
    std::atomic<std::uint32_t> timer_ticks;
    std::array<std::atomic<std::uint32_t>, most_executors> initialized;  ///< workers that began to initialize
    std::atomic<std::uint32_t> strays;  ///< tasks begun by children that bodies forked; there may be none

    // For the report.
    std::atomic<std::uint64_t> calls;
    std::atomic<std::uint64_t> tasks;
    std::atomic<std::uint64_t> kills;
    std::array<std::atomic<std::uint32_t>, most_callers> step_under_way;  ///< counted from 1; 0: none
    std::atomic<bool> callers_are_done;
};

/// Maps a board. It is never unmapped: it is needed as long as the process and its children live.
inline board& make_board() {
    void* const place = mmap(nullptr, sizeof(board), PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "cannot map the board");
    return *::new (place) board;  // the system's zeros are its first state
}

}  // namespace quartet::stress
