// include/quartet/detail/shm/heap_bounds.hpp
//
// The free range in the middle of a shared heap (src/shm/shared_heap.cpp): small blocks are taken from its
// low end, large ones from its high end. Both ends stand in one atomic word, so that a thread can check one
// against the other and move it by one compare-and-swap. Lies in shared memory; any thread of any process.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace quartet::inline v0::detail {

class heap_bounds {
public:
    static constexpr std::size_t low_unit = 16;
    static constexpr std::size_t high_unit = std::size_t{256} << 10;
    static constexpr std::size_t most = (std::size_t{1} << 43) - high_unit;  ///< the largest value of an end

    struct range {
        std::size_t low;
        std::size_t high;
    };

    /// `free.low` is a multiple of low_unit, `free.high` of high_unit.
    explicit heap_bounds(range free) noexcept : word_(pack(free)) {}

    range look() const noexcept { return unpack(word_.load(std::memory_order_relaxed)); }

    void reset(range free) noexcept { word_.store(pack(free), std::memory_order_relaxed); }

    /// Takes `bytes`, a multiple of the end's unit, for the caller. Returns where they begin, or nothing if
    /// the range has fewer. `before_exchange` is called between the load and the compare-and-swap, for tests.
    std::optional<std::size_t> take_low(std::size_t bytes, auto&& before_exchange) noexcept {
        return take(bytes, before_exchange, [bytes](range& free) {
            std::size_t const begin = free.low;
            free.low += bytes;
            return begin;
        });
    }
    std::optional<std::size_t> take_high(std::size_t bytes, auto&& before_exchange) noexcept {
        return take(bytes, before_exchange, [bytes](range& free) { return free.high -= bytes; });
    }
    std::optional<std::size_t> take_low(std::size_t bytes) noexcept {
        return take_low(bytes, [] {});
    }
    std::optional<std::size_t> take_high(std::size_t bytes) noexcept {
        return take_high(bytes, [] {});
    }

    /// Undoes a take, unless another has taken beyond it since: then the bytes are lost until reset(). To
    /// compare the end with where the take left it is enough: only the undoing of this take could bring it
    /// back there.
    void undo_low(std::size_t begin, std::size_t bytes) noexcept {
        change([&](range& free) {
            if (free.low != begin + bytes) return false;
            free.low = begin;
            return true;
        });
    }
    void undo_high(std::size_t begin, std::size_t bytes) noexcept {
        change([&](range& free) {
            if (free.high != begin) return false;
            free.high = begin + bytes;
            return true;
        });
    }

private:
    static constexpr int low_bits = 39;

    static std::uint64_t pack(range free) noexcept {
        return std::uint64_t{free.high / high_unit} << low_bits | free.low / low_unit;
    }
    static range unpack(std::uint64_t word) noexcept {
        constexpr std::uint64_t low_mask = (std::uint64_t{1} << low_bits) - 1;
        return {static_cast<std::size_t>(word & low_mask) * low_unit,
                static_cast<std::size_t>(word >> low_bits) * high_unit};
    }

    std::optional<std::size_t> take(std::size_t bytes, auto&& before_exchange, auto&& move_end) noexcept {
        std::optional<std::size_t> begin;
        change([&](range& free) {
            begin.reset();
            if (bytes > free.high - free.low) return false;
            begin = move_end(free);
            before_exchange();
            return true;
        });
        return begin;
    }

    void change(auto&& how) noexcept {
        std::uint64_t seen = word_.load(std::memory_order_relaxed);
        for (;;) {
            range free = unpack(seen);
            if (!how(free)) return;
            if (word_.compare_exchange_weak(seen, pack(free), std::memory_order_relaxed)) return;
        }
    }

    std::atomic<std::uint64_t> word_;
    static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
};

}  // namespace quartet::inline v0::detail
