// measure/heap/heap_account.cpp
//
// Nothing here may allocate without care: join() and flush() run inside malloc. The one call that may,
// pthread_setspecific, comes back through the hooks into an account that has already joined.

#include "measure/heap/heap_account.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/mman.h>
#include <system_error>
#include <utility>

namespace quartet::measure::heap_account {

constinit std::atomic<ledger*> open_ledger = nullptr;
constinit thread_local thread_account this_thread;

namespace {

constexpr auto relaxed = std::memory_order_relaxed;

/// The slot of this process in the open ledger.
constinit std::atomic<slot*> own_slot = nullptr;

/// The slot of processes that found no free one.
constinit slot unlisted = {};

pthread_key_t thread_end;

std::int64_t limit_at(std::int64_t current) {
    return std::clamp<std::int64_t>(current / 4096, 256, 16 * 1024);
}

std::int64_t margin_at(std::int64_t current) {
    return std::max<std::int64_t>(current / 256, 64 * 1024);
}

/// Adds to what the process holds, but not below zero; returns what the addition came to.
std::int64_t hold(slot& process, std::int64_t bytes) noexcept {
    std::int64_t before = process.held.load(relaxed);
    std::int64_t after;
    do {
        after = std::max<std::int64_t>(0, before + bytes);
    } while (!process.held.compare_exchange_weak(before, after, relaxed));
    return after - before;
}

void raise(std::atomic<std::int64_t>& maximum, std::int64_t value) noexcept {
    std::int64_t seen = maximum.load(relaxed);
    while (seen < value && !maximum.compare_exchange_weak(seen, value, relaxed)) {
    }
}

void raise_peak(ledger& book, std::int64_t current) noexcept {
    if (current <= book.peak.load(relaxed)) return;
    if (current > book.look_for_dead_at.load(relaxed)) {
        bury_dead(book);
        current = book.current.load(relaxed);
        raise(book.look_for_dead_at, current + margin_at(current));
    }
    raise(book.peak, current);
}

/// Call with the dead owner's mutex locked.
void bury(ledger& book, slot& dead) noexcept {
    pthread_mutex_consistent(&dead.alive);
    book.current.fetch_sub(dead.held.exchange(0, relaxed), relaxed);
}

/// The caller owns the slot until its process ends.
slot& claim_slot(ledger& book) noexcept {
    for (unsigned i = 1; i < ledger::capacity; ++i) {
        slot& candidate = book.slots[i];
        int const answer = pthread_mutex_trylock(&candidate.alive);
        if (answer == EOWNERDEAD) bury(book, candidate);
        if (answer != 0 && answer != EOWNERDEAD) continue;
        unsigned used = book.slots_used.load(relaxed);
        while (used <= i && !book.slots_used.compare_exchange_weak(used, i + 1, relaxed)) {
        }
        return candidate;
    }
    unlisted.held.store(0, relaxed);
    return unlisted;
}

/// Runs in a new child on its only thread, before any code of the caller of fork().
void begin_in_child() noexcept {
    ledger* const book = open_ledger.load(relaxed);
    if (!book) return;
    own_slot.store(&claim_slot(*book), relaxed);
    this_thread.book = nullptr;  // what is pending is the parent's and stays in the parent
}

void end_thread(void* account) {
    static_cast<thread_account*>(account)->leaving = true;
    flush(*static_cast<thread_account*>(account));
}

/// Once per process, and inherited by its children.
void install_handlers() {
    static bool const installed = [] {
        if (int const error = pthread_key_create(&thread_end, end_thread))
            throw std::system_error(error, std::system_category(), "heap trace: pthread_key_create");
        if (int const error = pthread_atfork(nullptr, nullptr, begin_in_child))
            throw std::system_error(error, std::system_category(), "heap trace: pthread_atfork");
        return true;
    }();
    static_cast<void>(installed);
}

void make_mutexes(ledger& book) noexcept {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    for (slot& each : book.slots)
        pthread_mutex_init(&each.alive, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

}  // namespace

void join(thread_account& account, ledger& book) noexcept {
    account = {.book = &book, .process = own_slot.load(relaxed), .leaving = account.leaving};
    pthread_setspecific(thread_end, &account);
}

void flush(thread_account& account) noexcept {
    ledger& book = *account.book;
    book.calls.fetch_add(std::exchange(account.calls, 0), relaxed);
    book.flushes.fetch_add(1, relaxed);
    std::int64_t const change = hold(*account.process, std::exchange(account.pending, 0));
    std::int64_t const current = book.current.fetch_add(change, relaxed) + change;
    if (change > 0) raise_peak(book, current);
    account.limit = account.leaving ? 0 : limit_at(current);
}

void bury_dead(ledger& book) noexcept {
    unsigned const used = book.slots_used.load(relaxed);
    for (unsigned i = 1; i < used; ++i) {
        slot& each = book.slots[i];
        int const answer = pthread_mutex_trylock(&each.alive);
        if (answer == EOWNERDEAD) bury(book, each);
        if (answer == 0 || answer == EOWNERDEAD) pthread_mutex_unlock(&each.alive);
    }
}

void open() {
    install_handlers();
    void* const memory = mmap(nullptr, sizeof(ledger), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        throw std::system_error(errno, std::system_category(), "heap trace: mapping the shared account");
    auto& book = *new (memory) ledger;
    make_mutexes(book);
    own_slot.store(&book.slots[0], relaxed);
    open_ledger.store(&book, std::memory_order_release);
}

}  // namespace quartet::measure::heap_account
