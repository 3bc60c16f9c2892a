// src/models/cluster/link_memory.hpp
//
// The memory that a rank's program and its link process share, mapped before the fork at equal addresses.
#pragma once

#include "src/base/living_process.hpp"
#include "src/base/robust_mutex.hpp"
#include "src/models/cluster/link_ring.hpp"

#include <quartet/detail/shm/shared_heap.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace quartet::inline v0::detail {

struct link_entry {
    enum class kind : std::uint32_t {
        message,
        drop,  ///< to the link process: forget what is queued to this rank
        use,   ///< to the link process: another process uses the link now
    };
    kind what;
    std::uint32_t rank;
    shared_block* block;
    std::uint64_t bytes;
};

/// Where its bytes lie.
inline std::byte* bytes_of(shared_block& block) noexcept {
    return reinterpret_cast<std::byte*>(&block + 1);
}

struct link_state {
    static constexpr std::size_t most_ranks = 65'536;

    enum class phase : std::uint32_t {
        starting,
        running,
        refused,  ///< `error` says why
        ended,
    };
    enum class order : std::uint32_t { none, end };

    // Set by the link process, before the phase says so.
    std::atomic<phase> is{phase::starting};
    std::atomic<pid_t> process{0};
    std::uint32_t rank = 0;
    std::uint32_t size = 0;
    std::array<char, 256> about{};
    std::array<char, 1024> error{};

    /// Wakes the program's thread that uses the link.
    doorbell bell{};
    /// The link process waits where only its socket wakes it.
    std::atomic<std::uint32_t> sleeps{0};
    /// The program waits for room in `out`, and the link process for the program to take something.
    std::atomic<std::uint32_t> wants_room{0};
    std::atomic<std::uint32_t> held_back{0};
    std::atomic<order> ordered{order::none};

    link_ring<link_entry, 4096> out{};     ///< to the link process
    link_ring<link_entry, 4096> in{};      ///< to the program
    std::atomic<std::uint64_t> unread{0};  ///< bytes of messages in `in`
    std::atomic<std::uint64_t> unsent{0};  ///< bytes of messages in `out` and in the link process

    /// Messages of the program's and of MPI's that the link process found when it looked by itself: nothing
    /// had woken it.
    std::atomic<std::uint64_t> found_late{0};

    /// Blocks of messages that were received and are not needed any more; the link process takes them back.
    std::atomic<shared_block*> returned{nullptr};

    // Who uses the link: one process of the program at a time.
    robust_mutex users{};
    std::atomic<std::uint32_t> uses{0};
    std::atomic<std::uint32_t> used{0};  ///< the number of the use; 0: nobody does
    std::atomic<pid_t> user{0};          ///< its process, as in process_mark
    std::atomic<std::uint64_t> user_started{0};

    std::atomic<std::uint32_t> sessions{0};

    enum class rank_state : std::uint8_t {
        here,
        dropped,  ///< given up by the program; may live
        ended,    ///< has told so, or MPI has
    };
    std::array<std::atomic<rank_state>, most_ranks> ranks{};
    std::atomic<std::uint64_t> losses{0};  ///< how many have ended, as MPI or they themselves have told
};

/// Owns both; copies of it in forked children do too, each in its own process.
class link_memory {
public:
    /// Throws std::system_error.
    link_memory();
    ~link_memory();
    link_memory(link_memory const&) = delete;
    link_memory& operator=(link_memory const&) = delete;

    link_state& state() noexcept { return *state_; }
    shared_heap& heap() noexcept { return *heap_; }

private:
    shared_heap_owner heap_;
    link_state* state_;
};

}  // namespace quartet::inline v0::detail
