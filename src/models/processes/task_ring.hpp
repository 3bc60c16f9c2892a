// src/models/processes/task_ring.hpp
//
// Offers of tasks, from one parent to its worker processes. Lies in shared memory.
//
// An offer is a range of one batch's tasks. It stands in a slot of the ring until all of it is taken; then
// the first who finds it empty moves the head on, and the parent may use the slot again. A worker takes a
// part by compare-and-swap of a word that holds the offer's number along with the next task: so a worker
// that has read an old offer takes nothing of the new one. A worker that is killed leaves the ring usable.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace quartet::inline v0::detail {

struct remote_batch;

/// A range of task indices in one atomic word; first == last is empty. So a batch has fewer than 2^32 tasks.
struct index_range {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    bool empty() const noexcept { return first == last; }
};
static_assert(std::atomic<index_range>::is_always_lock_free);

class task_ring {
public:
    using position = std::uint64_t;

    struct offer {
        position at;
        remote_batch* batch;
        index_range tasks;  ///< what is left of it
    };

    // ---- For the parent, under its lock

    bool full() const noexcept { return tail_.load() - head_.load() >= capacity; }

    /// Gives the position that the head has to pass before the batch may be freed. Requires !full().
    position push(remote_batch& batch, index_range tasks) noexcept {
        position const at = tail_.load(std::memory_order_relaxed);
        slot& here = slots_[at % capacity];
        // From here on nobody takes anything of the slot's old offer.
        here.claimed.store({number(at), std::numeric_limits<std::uint32_t>::max()});
        here.batch.store(&batch, std::memory_order_release);
        here.last.store(tasks.last, std::memory_order_release);
        here.claimed.store({number(at), tasks.first}, std::memory_order_release);
        tail_.store(at + 1);
        return at;
    }

    /// The position of the first offer that is not all taken.
    position head() noexcept {
        look();
        return head_.load();
    }

    /// Takes away all offers. Only when no worker lives.
    void clear() noexcept { head_.store(tail_.load()); }

    // ---- For any process

    bool half_empty() const noexcept { return tail_.load() - head_.load() < capacity / 2; }

    /// The first offer with tasks left, if there is one. Moves the head past those that have none.
    std::optional<offer> look() noexcept {
        for (;;) {
            position at = head_.load();
            if (at == tail_.load()) return std::nullopt;
            slot& here = slots_[at % capacity];
            claim_word const now = here.claimed.load(std::memory_order_acquire);
            if (now.number != number(at)) continue;  // the head has moved
            // If the slot is another offer's by now, the head has moved too, and take() will fail.
            offer const seen{at,
                             here.batch.load(std::memory_order_acquire),
                             {now.next, here.last.load(std::memory_order_acquire)}};
            if (seen.tasks.first < seen.tasks.last) return seen;
            head_.compare_exchange_strong(at, at + 1);
        }
    }

    /// Takes the first `wanted` tasks of what look() gave; false if somebody else was quicker.
    bool take(offer const& seen, std::uint32_t wanted) noexcept {
        claim_word expected{number(seen.at), seen.tasks.first};
        return slots_[seen.at % capacity].claimed.compare_exchange_strong(
            expected, {expected.number, seen.tasks.first + wanted});
    }

private:
    static constexpr std::size_t capacity = 4096;
    // Who takes tasks tells of room; so an offer has to be left when the ring becomes half empty.
    static_assert(capacity / 2 >= 2);

    struct claim_word {
        std::uint32_t number;  // of the offer
        std::uint32_t next;    // the first task that nobody has taken
    };
    static_assert(std::atomic<claim_word>::is_always_lock_free);
    struct slot {
        std::atomic<claim_word> claimed;
        std::atomic<remote_batch*> batch;
        std::atomic<std::uint32_t> last;
    };
    static std::uint32_t number(position at) noexcept {
        return static_cast<std::uint32_t>(at / capacity + 1);
    }

    alignas(64) std::atomic<position> head_;
    alignas(64) std::atomic<position> tail_;
    alignas(64) std::array<slot, capacity> slots_;
};

}  // namespace quartet::inline v0::detail
