// One mapping holds the bookkeeping, a slot for each message, and the bytes. It is made before the processes
// that use it are forked, so they have it at the same address.
//
// A process may be killed between any two instructions. So:
//
// The lock is a robust mutex: the kernel passes it on when its owner dies.
//
// Each change becomes visible by one store, of `tail` or `head` or `closed`, after all that it stands for is
// written. The next owner of a dead process's lock finds a string sent or not sent, and has nothing to mend.
//
// A waiter leaves a mark, not a count, and a wake-up goes to all waiters: a waiter that dies takes none
// along. Waiters that were woken in vain leave their mark again.
//
// Waiters are woken before the store that they wait for, and the mark is taken away in between. They find the
// lock held, or its owner dead. The other way round, a process that is killed after the store and before the
// call would leave them asleep beside a string, or beside room.

#include "src/base/futex.hpp"
#include "src/base/robust_mutex.hpp"
#include "src/io/sync/shared_event.hpp"

#include <quartet/detail/io/shared_ring.hpp>
#include <quartet/outcome.hpp>

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <new>
#include <stdexcept>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

namespace quartet::inline v0::detail {
namespace {

struct string_slot {
    std::size_t offset;
    std::size_t size;
    std::size_t end() const noexcept { return offset + shared_ring::footprint(size); }
};

/// Those who wait on one side.
struct waiting_line {
    std::atomic<std::uint32_t> word{0};         // changes with each wake-up
    std::atomic<std::uint32_t> has_threads{0};  // these wait for the word
    std::atomic<std::uint32_t> has_loops{0};    // these wait for the eventfd
};

}  // namespace

// Atomics for their order alone: everything but the words is used under the lock. Stores are `release`, so
// that they stay behind what was written before them.
struct shared_ring::layout {
    robust_mutex mutex{};
    std::size_t capacity;
    std::size_t bytes;
    string_slot* slots;  // the string that was sent as number n is in slots[n % capacity]
    std::byte* data;
    std::atomic<std::uint64_t> head{0};  // the number of the first string
    std::atomic<std::uint64_t> tail{0};  // the number of the next one to be sent
    std::atomic<bool> closed{false};
    waiting_line lines[2];

    string_slot& slot(std::uint64_t number) const noexcept { return slots[number % capacity]; }
    waiting_line& line(side which) noexcept { return lines[which == side::send ? 0 : 1]; }
};

namespace {

[[noreturn]] void refuse(int error) {
    throw std::system_error(error, std::generic_category(), "cannot make a channel between processes");
}

}  // namespace

shared_ring::shared_ring(std::size_t capacity, std::size_t bytes) : maker_(getpid()) {
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max() / 4;
    if (capacity > most / sizeof(string_slot) || bytes > most) refuse(ENOMEM);
    bytes = footprint(bytes);
    std::size_t const slots_at = footprint(sizeof(layout));
    std::size_t const data_at = slots_at + capacity * sizeof(string_slot);
    mapped_bytes_ = data_at + bytes;
    void* const base = mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) refuse(errno);
    event_ = make_shared_event();
    if (event_ < 0) {
        int const error = errno;
        munmap(base, mapped_bytes_);
        refuse(error);
    }
    auto* const start = static_cast<std::byte*>(base);
    at_ = ::new (base) layout{.mutex = {},
                              .capacity = capacity,
                              .bytes = bytes,
                              .slots = reinterpret_cast<string_slot*>(start + slots_at),
                              .data = start + data_at,
                              .lines = {}};
}

// Processes that are woken here still have the mapping, which is theirs too.
shared_ring::~shared_ring() {
    if (getpid() == maker_) access(*this).close();
    close(event_);
    munmap(static_cast<void*>(at_), mapped_bytes_);
}

std::size_t shared_ring::capacity() const noexcept {
    return at_->capacity;
}

void shared_ring::require_room_for(std::size_t size) const {
    if (size <= at_->bytes && footprint(size) <= at_->bytes) return;
    throw std::length_error(
        fmt::format("quartet: a value of {} bytes is larger than the channel's {} (between_processes::bytes)",
                    size, at_->bytes));
}

shared_ring::access::access(shared_ring& ring) noexcept : ring_(ring), at_(*ring.at_) {
    at_.mutex.lock();
}

shared_ring::access::~access() {
    at_.mutex.unlock();
}

std::size_t shared_ring::access::size() const noexcept {
    return at_.tail.load(std::memory_order_relaxed) - at_.head.load(std::memory_order_relaxed);
}

bool shared_ring::access::closed() const noexcept {
    return at_.closed.load(std::memory_order_relaxed);
}

void shared_ring::access::close() const noexcept {
    for (side const each : {side::send, side::receive}) {
        try {
            wake(each);
        } catch (std::system_error const&) {
            // Loops elsewhere hear of it when somebody else has something to tell.
        }
    }
    at_.closed.store(true, std::memory_order_release);
}

// A string lies in one piece: behind the last one, or at the start if there is no room up to the end.
std::byte* shared_ring::access::reserve(std::size_t size) const noexcept {
    std::size_t const needed = footprint(size);
    if (empty()) return at_.data;
    if (this->size() == at_.capacity) return nullptr;
    std::size_t const first = at_.slot(at_.head.load(std::memory_order_relaxed)).offset;
    string_slot const& last = at_.slot(at_.tail.load(std::memory_order_relaxed) - 1);
    bool const wrapped = last.offset < first;
    std::size_t const until = wrapped ? first : at_.bytes;
    if (until - last.end() >= needed) return at_.data + last.end();
    return !wrapped && first >= needed ? at_.data : nullptr;
}

void shared_ring::access::push(std::byte const* string, std::size_t size) const {
    std::uint64_t const number = at_.tail.load(std::memory_order_relaxed);
    at_.slot(number) = {static_cast<std::size_t>(string - at_.data), size};
    wake(side::receive);
    at_.tail.store(number + 1, std::memory_order_release);
}

std::span<std::byte const> shared_ring::access::front() const noexcept {
    auto const& first = at_.slot(at_.head.load(std::memory_order_relaxed));
    return {at_.data + first.offset, first.size};
}

void shared_ring::access::pop() const {
    wake(side::send);
    at_.head.store(at_.head.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

attempt shared_ring::access::wait_for(side which, gate_waiter* who) const {
    if (!who) return attempt::would_block;
    waiting_line& line = at_.line(which);
    (who->on_loop() ? line.has_loops : line.has_threads).store(1, std::memory_order_relaxed);
    who->word = &line.word;
    who->seen = line.word.load(std::memory_order_relaxed);
    return attempt::would_block;
}

void shared_ring::access::wake(side which) const {
    waiting_line& line = at_.line(which);
    if (line.has_threads.load(std::memory_order_relaxed)) {
        line.word.fetch_add(1, std::memory_order_relaxed);
        futex_wake_all(line.word);
        line.has_threads.store(0, std::memory_order_release);
    }
    if (line.has_loops.load(std::memory_order_relaxed)) {
        if (!is_event(ring_.event_))
            throw std::system_error(EBADF, std::generic_category(),
                                    "the descriptor of a channel between processes was closed in this one");
        signal_event(ring_.event_);
        line.has_loops.store(0, std::memory_order_release);
    }
}

}  // namespace quartet::inline v0::detail
