// measure/heap/heap_account.hpp
//
// The bookkeeping behind heap_trace: internal to it and to the malloc hooks.
//
// Three levels, so that a call stays cheap and the sum stays right when processes die:
//
//   thread_account   what one thread has not yet carried over; plain thread-local integers
//   slot             what one process holds; in memory that all processes share
//   ledger           the sum over all slots, its peak, and the calls; shared likewise
//
// A thread carries its account over ("flushes" it) when it differs from the slot by more than 1/4096 of the
// sum, but at least 256 bytes and at most 16 KiB; so blocks of 16 KiB and more are always flushed at once,
// and `current` is wrong by at most that limit per thread. Threads flush when they end, too.
//
// How the dead are noticed: each process holds a robust mutex in its slot, and never lets go of it. The
// kernel marks the mutex when its owner ends, whatever the way (exit, SIGKILL, exec), and at once, not when
// the parent reaps it. The next thread that tries the lock learns of it for 6 ns, and takes the bytes of
// the dead out of the sum. Asking kill(pid, 0) instead would cost a system call a process, hold zombies for
// living, and be fooled by a reused pid. The lock belongs to the thread that came out of fork(): should that
// thread call pthread_exit while others of its process go on, the process is taken for dead.
//
// Before the peak rises by more than 64 KiB or 1/256 a thread looks for dead processes; so a dead worker
// and its successor are never both in the peak by more than that.
//
// Blocks inherited by fork belong to the parent's slot. A child that frees its copy of one frees nothing
// the parent holds, so a slot never goes below zero. What this gets wrong: a child that frees inherited
// blocks while it holds blocks of its own is counted too low by the size of what it freed, down to zero and
// never at the expense of other processes. Telling inherited blocks apart would take a header in each block,
// which would change the memory that is to be measured. The same holds for blocks older than start().
//
// All orderings are relaxed: the numbers are statistics and publish no other memory.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <pthread.h>

namespace quartet::measure::heap_account {

struct alignas(64) slot {
    pthread_mutex_t alive;  ///< robust; owned as long as the process lives
    std::atomic<std::int64_t> held;
};

/// Lives in a shared mapping that starts as zeros. Slot 0 is that of the process that called start(),
/// which may do so on a thread that ends early; its death needs no notice, so its mutex is not used.
struct ledger {
    /// More processes than this at the same time are counted, but not taken out when they die.
    static constexpr unsigned capacity = 4096;

    std::atomic<std::int64_t> current;
    std::atomic<std::int64_t> peak;
    std::atomic<std::int64_t> look_for_dead_at;  ///< the sum above which to do so before raising the peak
    std::atomic<std::uint64_t> calls;
    std::atomic<std::uint64_t> flushes;
    std::atomic<unsigned> slots_used;  ///< slots from here on were never claimed
    std::array<slot, capacity> slots;
};

struct thread_account {
    ledger* book = nullptr;  ///< the account this thread has joined; may be one that was stopped
    slot* process = nullptr;
    std::int64_t pending = 0;
    std::int64_t limit = 0;
    std::uint32_t calls = 0;
    bool leaving = false;  ///< the thread is ending; nobody will flush it later
};

/// Null while this process does not trace.
extern constinit std::atomic<ledger*> open_ledger;

/// initial-exec: found at a fixed offset from the thread pointer. The general model may call malloc on a
/// thread's first access, and this is read inside malloc.
extern constinit thread_local thread_account this_thread __attribute__((tls_model("initial-exec")));

/// Makes `account` one of `book`, with nothing pending, and has it flushed at the thread's end.
void join(thread_account& account, ledger& book) noexcept;

/// Carries `account` over to its process and to the sum.
void flush(thread_account& account) noexcept;

/// Takes what dead processes held out of the sum and frees their slots.
void bury_dead(ledger& book) noexcept;

/// Maps a ledger and makes it the open one. Throws std::system_error.
void open();

inline constexpr std::uint32_t calls_before_flush = 1024;

inline void add(thread_account& account, ledger& book, std::int64_t bytes) noexcept {
    if (account.book != &book) [[unlikely]]
        join(account, book);
    account.pending += bytes;
    ++account.calls;
    if (account.pending > account.limit || account.pending < -account.limit ||
        account.calls >= calls_before_flush) [[unlikely]]
        flush(account);
}

}  // namespace quartet::measure::heap_account
