// src/models/processes/offered_calls.hpp
//
// Calls that bodies of one worker process have made of their context and that other workers may run. Lies in
// shared memory: a table for each worker, of the calls that it has on offer.
//
// A call's word says what has become of it, and changes by compare-and-swap, so that it stays true when a
// process is killed at any instruction:
//
//   empty -> offered        by the worker that the table is of, which is "who asks"
//   offered -> empty        by who asks, that runs it itself
//   offered -> taken        by another worker, "who helps"
//   taken -> done           by who helps
//   taken -> terminating    by the supervisor, which ends who helps: from then on that can't end the call
//   taken, terminating -> lost   by the supervisor: who helps is dead
//   done, lost -> empty     by who asks, that has its outcome
//
// When who asks is dead, the supervisor marks the word as orphan and frees what nobody has taken; the rest is
// freed by who helps, or by the supervisor when that has died too. The word has a number that differs from
// one offer to the next: who has read an old one takes nothing of the new one.
//
// No word is needed for who waits: `news` is a futex that changes with each end that somebody waits for, and
// at each death.
#pragma once

#include "src/base/futex.hpp"

#include <quartet/detail/call/remote.hpp>
#include <quartet/detail/io/nested_recording.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace quartet::inline v0::detail {

enum class call_state : std::uint8_t { empty, offered, taken, terminating, done, lost };

/// With the number of the offer, and of the worker that has taken it (less than 2^16).
struct call_word {
    std::uint32_t number;
    std::uint16_t worker;
    call_state state;
    bool orphan;

    call_word with(call_state next) const noexcept { return {number, worker, next, orphan}; }
    bool is_taken() const noexcept { return state == call_state::taken || state == call_state::terminating; }
};
static_assert(std::atomic<call_word>::is_always_lock_free);

/// Of a worker that has died with a call: what is known of its end.
struct helper_end {
    cause why;
    int signal;
    int exit_code;
    std::size_t peak_bytes;
    encoded_value message;
};

struct alignas(64) offered_call {
    static constexpr std::int64_t no_deadline = 0;

    std::atomic<call_word> word;
    std::atomic<remote_batch*> part;     ///< the call, as a batch of its own
    std::atomic<remote_batch*> of;       ///< whose task has made it
    std::atomic<std::int64_t> deadline;  ///< of the part of the body that has, in ns of the steady clock
    std::atomic<crossed_recording const*> record;  ///< in the memory of the part; null if it leaves none
    std::atomic<helper_end const*> end;  ///< if it is lost; in the memory of the part. Null: nothing is known
    std::atomic<std::int64_t> orphan_since;  ///< likewise in ns

    bool change(call_word from, call_word to) noexcept { return word.compare_exchange_strong(from, to); }

    /// Its memory goes back to the heap. Of who has turned its word to empty last.
    static void free(remote_batch& part) noexcept { shared_arena::give_back_all(*part.heap, part.blocks); }
};

struct alignas(64) call_table {
    static constexpr std::size_t room = 16;

    std::atomic<std::uint32_t> on_offer;  ///< bits of calls that may be on offer: where to look
    std::atomic<std::uint32_t> waiting;   ///< who asks waits for news, or is about to
    std::atomic<std::uint32_t> news;      ///< futex
    std::array<offered_call, room> calls;

    void tell() noexcept {
        news.fetch_add(1);
        futex_wake_all(news);
    }
};

}  // namespace quartet::inline v0::detail
