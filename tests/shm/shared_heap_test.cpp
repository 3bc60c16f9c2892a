#include <quartet/detail/shm/shared_heap.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <new>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::detail::shared_heap_test {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

std::size_t memory_of(shared_heap& heap) {
    constexpr std::size_t page = 4096;
    std::vector<unsigned char> there(heap.capacity() / page);
    if (mincore(&heap, heap.capacity(), there.data()) != 0) return 0;
    return page * static_cast<std::size_t>(
                      std::ranges::count_if(there, [](unsigned char each) { return (each & 1) != 0; }));
}

/// Pieces of a heap, and what a test needs to give them back.
struct piece_list {
    explicit piece_list(shared_heap& from) : heap(from) {}
    void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
        return arena.allocate(bytes, alignment);
    }
    void give_back() { shared_arena::give_back_all(heap, blocks); }

    shared_heap& heap;
    std::atomic<shared_block*> blocks{nullptr};
    shared_arena arena{heap, blocks};
};

TEST(SharedHeap, IsSeenByAChildAtTheSameAddress) {
    auto const heap = shared_heap::create(mebibyte);
    piece_list mine(*heap);
    auto* const numbers = mine.arena.allocate_array<int>(2);
    numbers[0] = 1;
    pid_t const child = fork();
    if (child == 0) {
        auto* const more = piece_list(*heap).arena.allocate_array<int>(1);
        *more = 7;
        numbers[1] = numbers[0] + *more;
        _exit(0);
    }
    waitpid(child, nullptr, 0);
    EXPECT_EQ(numbers[1], 8);
}

TEST(SharedHeap, KeepsAlignment) {
    auto const heap = shared_heap::create(mebibyte);
    piece_list mine(*heap);
    mine.allocate(1, 1);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(mine.allocate(1, 64)) % 64, 0u);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(mine.allocate(100'000, 64)) % 64, 0u);
}

TEST(SharedHeap, RefusesWhatIsMoreThanItHas) {
    auto const heap = shared_heap::create(mebibyte);
    piece_list mine(*heap);
    EXPECT_THROW(mine.allocate(mebibyte), std::bad_alloc);
    EXPECT_THROW(mine.allocate(~std::size_t{0} / 2), std::bad_alloc);
    EXPECT_THROW(mine.arena.allocate_array<int>(~std::size_t{0} / 2), std::bad_alloc);
    EXPECT_NE(mine.allocate(1000), nullptr);
}

TEST(SharedHeap, TakesMemoryOnlyForWhatIsAllocated) {
    auto const heap = shared_heap::create(1024 * mebibyte);
    EXPECT_LE(memory_of(*heap), 2 * mebibyte);
    piece_list(*heap).allocate(100 * mebibyte);
    EXPECT_GE(memory_of(*heap), 100 * mebibyte);
}

TEST(SharedHeap, GivesMemoryBackWithLargeBlocks) {
    auto const heap = shared_heap::create(1024 * mebibyte);
    for (int round = 0; round < 20; ++round) {
        piece_list mine(*heap);
        std::memset(mine.allocate(300 * mebibyte), 1, 300 * mebibyte);
        mine.give_back();
        ASSERT_LE(memory_of(*heap), 100 * mebibyte);
    }
}

TEST(SharedHeap, UsesBlocksAgain) {
    auto const heap = shared_heap::create(4 * mebibyte);
    for (int round = 0; round < 10'000; ++round) {
        piece_list mine(*heap);
        for (std::size_t bytes = 1; bytes < 100'000; bytes *= 7)
            std::memset(mine.allocate(bytes), 1, bytes);
        mine.give_back();
    }
    EXPECT_LE(memory_of(*heap), 2 * mebibyte);
}

TEST(SharedHeap, ServesSeveralProcessesAtATime) {
    auto const heap = shared_heap::create(64 * mebibyte);
    std::vector<pid_t> children;
    for (int number = 0; number < 4; ++number) {
        children.push_back(fork());
        if (children.back() != 0) continue;
        for (int round = 0; round < 2000; ++round) {
            piece_list mine(*heap);
            std::vector<std::pair<char*, std::size_t>> pieces;
            for (std::size_t bytes = 10; bytes < 5000; bytes += 700 + static_cast<std::size_t>(round) % 90) {
                pieces.emplace_back(static_cast<char*>(mine.allocate(bytes)), bytes);
                std::memset(pieces.back().first, number, bytes);
            }
            for (auto const& [piece, bytes] : pieces) {
                if (std::count(piece, piece + bytes, static_cast<char>(number)) != static_cast<long>(bytes))
                    _exit(1);
            }
            mine.give_back();
        }
        _exit(0);
    }
    for (pid_t const each : children) {
        int status = 0;
        waitpid(each, &status, 0);
        EXPECT_EQ(status, 0);
    }
}

TEST(SharedHeap, KeepsThePagesOfAsMuchAsItIsTold) {
    auto const heap = shared_heap::create(1024 * mebibyte, 200 * mebibyte);
    std::vector<shared_block*> blocks;
    for (int n = 0; n < 4; ++n) {
        blocks.push_back(heap->take(79 * mebibyte));
        std::memset(static_cast<void*>(blocks.back() + 1), 1, 79 * mebibyte);
    }
    for (auto* const each : blocks)
        heap->give_back(each);
    EXPECT_EQ(heap->kept(), 160 * mebibyte);
    EXPECT_GE(memory_of(*heap), 150 * mebibyte);
    EXPECT_LE(memory_of(*heap), 170 * mebibyte);
    heap->drop_kept();
    EXPECT_EQ(heap->kept(), 0);
    EXPECT_LE(memory_of(*heap), 10 * mebibyte);
    shared_block* const again = heap->take(79 * mebibyte);
    EXPECT_TRUE(std::find(blocks.begin(), blocks.end(), again) != blocks.end());
    std::memset(static_cast<void*>(again + 1), 2, 79 * mebibyte);
}

TEST(SharedHeap, ResetGivesMemoryBack) {
    auto const heap = shared_heap::create(1024 * mebibyte);
    piece_list lost(*heap);
    std::memset(lost.allocate(300 * mebibyte), 1, 300 * mebibyte);
    for (int n = 0; n < 100'000; ++n)
        lost.allocate(1000);
    heap->reset();
    EXPECT_LE(memory_of(*heap), 130 * mebibyte);
    EXPECT_NE(piece_list(*heap).allocate(300 * mebibyte), nullptr);
}

}  // namespace
}  // namespace quartet::detail::shared_heap_test
