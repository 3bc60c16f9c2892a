// src/models/cluster/link_loop.hpp
//
// What a link process does all the time (link_process.hpp), when MPI has been started.
#pragma once

#include "src/models/cluster/link_loans.hpp"
#include "src/models/cluster/link_memory.hpp"
#include "src/models/cluster/link_neighbours.hpp"
#include "src/models/cluster/link_process.hpp"
#include "src/models/cluster/link_receives.hpp"
#include "src/models/cluster/link_sends.hpp"
#include "src/models/cluster/link_sleep.hpp"
#include "src/models/cluster/mpi_table.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace quartet::inline v0::detail {

class link_loop {
public:
    using clock = std::chrono::steady_clock;

    link_loop(quartet_mpi_table const& mpi, link_memory& memory, link_sleep& sleep,
              link_process_options const& options);

    /// Until the program has ended or wants to. True if all ranks are to finish MPI together.
    bool run();

private:
    struct arrived {
        link_entry entry;
        std::uint32_t use;
    };

    bool take_orders();
    void obey(link_entry const& order);
    void drop(std::size_t rank);
    void send(link_entry const& message);
    void lost(std::size_t rank, link_state::rank_state how);
    void tell_if_ended(std::size_t rank);
    bool is_here(std::size_t rank) const noexcept { return how_is(rank) == link_state::rank_state::here; }
    link_state::rank_state how_is(std::size_t rank) const noexcept {
        return state_->ranks[rank].load(std::memory_order_relaxed);
    }
    void deliver(std::size_t from, shared_block& block, std::uint64_t bytes);
    bool hear(std::size_t from, shared_block& block, std::uint64_t bytes);
    bool pass_on();
    bool may_receive() const noexcept;
    bool has_room_again();
    bool step();
    void note_what_woke(bool message);
    void look_at_time(clock::time_point now);
    void beat();
    void refuse_starving(clock::time_point now);
    void forget_dead_user();
    void begin_end(bool died, clock::time_point now);
    bool has_ended(clock::time_point now) const noexcept;
    void say(std::size_t to, std::uint64_t heard, bool leave);
    void rest(clock::time_point now);
    std::chrono::nanoseconds most_rest(clock::time_point now);
    std::uint32_t current_use() const noexcept { return state_->used.load(std::memory_order_acquire); }

    quartet_mpi_table const* mpi_;
    link_state* state_;
    shared_heap* heap_;
    link_sleep* sleep_;
    std::size_t rank_;
    std::size_t size_;
    std::chrono::nanoseconds beat_every_;
    link_neighbours neighbours_;
    link_loans loans_;
    link_sends sends_;
    link_receives receives_;
    std::deque<arrived> arrived_{};  // has not found room in the ring

    clock::time_point moved_;    // when something last did
    clock::time_point traffic_;  // the same, but for beats
    clock::time_point large_moved_{};
    clock::time_point next_beat_;
    clock::time_point next_look_;  // for what is looked at now and then
    clock::time_point starved_{};  // since when; the epoch: it is not
    bool sockets_known_ = false;   // since something has moved
    int idle_steps_ = 0;
    int unread_steps_ = 0;
    std::optional<link_sleep::woken> woken_{};  // by the last sleep; nothing if something has moved since

    clock::time_point woken_at_{};

    bool any_lost_ = false;
    bool ending_ = false;
    bool program_died_ = false;
    std::optional<bool> root_finishes_{};  // as it said; nothing: it has not
    clock::time_point flush_until_{};
    clock::time_point root_until_{};
};

}  // namespace quartet::inline v0::detail
