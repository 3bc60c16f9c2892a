// Blocks of the shared heap never overlap, whoever moves the ends of its free range at the same time. With
// threads in place of processes, so that a thread sanitizer sees them.
#include "tests/sanitized.hpp"

#include <quartet/detail/shm/heap_bounds.hpp>
#include <quartet/detail/shm/shared_heap.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cstddef>
#include <new>
#include <optional>
#include <random>
#include <thread>
#include <vector>

namespace quartet::detail::heap_bounds_test {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;
constexpr std::size_t unit = heap_bounds::high_unit;

/// The twin that must not be: each end is read when the other is moved.
class two_words {
public:
    explicit two_words(heap_bounds::range free) : low_(free.low), high_(free.high) {}
    heap_bounds::range look() const { return {low_, high_}; }
    std::optional<std::size_t> take_low(std::size_t bytes, auto&& before_exchange) {
        std::size_t begin = low_;
        do {
            if (bytes > high_ - begin) return std::nullopt;
            before_exchange();
        } while (!low_.compare_exchange_weak(begin, begin + bytes));
        return begin;
    }
    std::optional<std::size_t> take_high(std::size_t bytes, auto&& before_exchange) {
        std::size_t end = high_;
        do {
            if (bytes > end - low_) return std::nullopt;
            before_exchange();
        } while (!high_.compare_exchange_weak(end, end - bytes));
        return end - bytes;
    }

private:
    std::atomic<std::size_t> low_;
    std::atomic<std::size_t> high_;
};

/// Somebody takes all from the other end, between the look and the exchange. True if both have got theirs.
template <class Bounds>
bool both_get_all_from_below() {
    Bounds bounds({0, 4 * unit});
    std::optional<std::size_t> others;
    auto const mine = bounds.take_low(4 * unit, [&] {
        if (!others) others = bounds.take_high(4 * unit, [] {});
    });
    return mine && others;
}
template <class Bounds>
bool both_get_all_from_above() {
    Bounds bounds({0, 4 * unit});
    std::optional<std::size_t> others;
    auto const mine = bounds.take_high(4 * unit, [&] {
        if (!others) others = bounds.take_low(4 * unit, [] {});
    });
    return mine && others;
}

TEST(HeapBounds, AreSeenAndChangedInOne) {
    EXPECT_FALSE(both_get_all_from_below<heap_bounds>());
    EXPECT_FALSE(both_get_all_from_above<heap_bounds>());
    EXPECT_TRUE(both_get_all_from_below<two_words>()) << "the test does not see what it is for";
    EXPECT_TRUE(both_get_all_from_above<two_words>()) << "the test does not see what it is for";
}

TEST(HeapBounds, GiveAllThereIsAndNoMore) {
    heap_bounds bounds({64, 3 * unit});
    EXPECT_EQ(bounds.take_high(unit), 2 * unit);
    EXPECT_EQ(bounds.take_low(2 * unit), std::nullopt);
    EXPECT_EQ(bounds.take_low(2 * unit - 64), 64u);
    EXPECT_EQ(bounds.take_low(16), std::nullopt);
    EXPECT_EQ(bounds.take_high(unit), std::nullopt);
    EXPECT_EQ(bounds.take_low(~std::size_t{0} / 16 * 16), std::nullopt);
}

TEST(HeapBounds, HoldTheMostThatTheyMay) {
    heap_bounds bounds({0, heap_bounds::most});
    EXPECT_EQ(bounds.look().high, heap_bounds::most);
    EXPECT_EQ(bounds.take_low(heap_bounds::most), 0u);
    EXPECT_EQ(bounds.look().low, heap_bounds::most);
}

TEST(HeapBounds, UndoOnlyWhatIsAtTheirEdge) {
    heap_bounds bounds({0, 8 * unit});
    auto const first = bounds.take_low(unit);
    auto const second = bounds.take_low(unit);
    bounds.undo_low(*first, unit);
    EXPECT_EQ(bounds.look().low, 2 * unit) << "somebody has what lies beyond";
    bounds.undo_low(*second, unit);
    EXPECT_EQ(bounds.look().low, unit);
    auto const third = bounds.take_high(unit);
    auto const fourth = bounds.take_high(2 * unit);
    bounds.undo_high(*third, unit);
    EXPECT_EQ(bounds.look().high, 5 * unit);
    bounds.undo_high(*fourth, 2 * unit);
    EXPECT_EQ(bounds.look().high, 7 * unit);
}

TEST(HeapBounds, AreOnePlaceForManyThreads) {
    constexpr int threads = 4;
    constexpr int rounds = 2000;
    heap_bounds bounds({0, 16 * unit});
    std::vector<std::vector<heap_bounds::range>> taken(threads);
    int overlaps = 0;
    std::barrier begin(threads);
    std::barrier end(threads, [&]() noexcept {
        std::vector<heap_bounds::range> all;
        for (auto& each : taken) {
            all.insert(all.end(), each.begin(), each.end());
            each.clear();
        }
        std::ranges::sort(all, {}, &heap_bounds::range::low);
        for (std::size_t n = 1; n < all.size(); ++n)
            overlaps += all[n].low < all[n - 1].high;
        bounds.reset({0, 16 * unit});
    });
    std::vector<std::jthread> running;
    for (int number = 0; number < threads; ++number) {
        running.emplace_back([&, number] {
            auto& mine = taken[static_cast<std::size_t>(number)];
            std::minstd_rand random(static_cast<unsigned>(number));
            for (int round = 0; round < rounds / (test::sanitized ? 10 : 1); ++round) {
                begin.arrive_and_wait();
                for (int n = 0; n < 20; ++n) {
                    bool const low = (number + n) % 2 == 0;
                    auto const at = low ? bounds.take_low(unit) : bounds.take_high(unit);
                    if (!at) continue;
                    if (random() % 4 != 0) {
                        mine.push_back({*at, *at + unit});
                    } else if (low) {
                        bounds.undo_low(*at, unit);
                    } else {
                        bounds.undo_high(*at, unit);
                    }
                }
                end.arrive_and_wait();
            }
        });
    }
    running.clear();
    EXPECT_EQ(overlaps, 0);
}

TEST(SharedHeap, GivesThreadsBlocksThatDoNotOverlap) {
    auto const heap = shared_heap::create(4 * mebibyte);
    constexpr int threads = 4;
    struct piece {
        shared_block* block;
        std::size_t bytes;
    };
    std::vector<std::vector<piece>> taken(threads);
    int overlaps = 0;
    std::barrier begin(threads);
    std::barrier end(threads, [&]() noexcept {
        std::vector<piece> all;
        for (auto& each : taken) {
            all.insert(all.end(), each.begin(), each.end());
            each.clear();
        }
        std::ranges::sort(all, {}, &piece::block);
        for (std::size_t n = 1; n < all.size(); ++n) {
            auto const* const behind = reinterpret_cast<std::byte*>(all[n - 1].block + 1) + all[n - 1].bytes;
            overlaps += reinterpret_cast<std::byte*>(all[n].block) < behind;
        }
        heap->reset();
    });
    std::vector<std::jthread> running;
    for (int number = 0; number < threads; ++number) {
        running.emplace_back([&, number] {
            auto& mine = taken[static_cast<std::size_t>(number)];
            std::minstd_rand random(static_cast<unsigned>(number));
            for (int round = 0; round < (test::sanitized ? 100 : 1000); ++round) {
                begin.arrive_and_wait();
                // Small ones from below until they meet the large ones from above.
                for (;;) {
                    std::size_t const bytes = number % 2 == 0 ? 100'000 + random() % 100'000 : mebibyte;
                    shared_block* block = nullptr;
                    try {
                        block = heap->take(bytes);
                    } catch (std::bad_alloc const&) {
                        break;
                    }
                    auto* const data = reinterpret_cast<std::byte*>(block + 1);
                    data[0] = data[bytes - 1] = std::byte{1};
                    if (random() % 4 == 0) {
                        heap->give_back(block);
                    } else {
                        mine.push_back({block, bytes});
                    }
                }
                end.arrive_and_wait();
            }
        });
    }
    running.clear();
    EXPECT_EQ(overlaps, 0);
}

}  // namespace
}  // namespace quartet::detail::heap_bounds_test
