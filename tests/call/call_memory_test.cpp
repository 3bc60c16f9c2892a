// Memory for calls: each block is one caller's, whichever threads allocate and free it, and little is kept.
#include <quartet/detail/call/call_memory.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <malloc.h>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace quartet::detail {
namespace {

struct block {
    std::size_t bytes;
    unsigned char filled;
    unsigned char* memory;
};

block make_block(std::mt19937& random) {
    std::size_t const bytes = 1 + random() % 700;
    auto const filled = static_cast<unsigned char>(random());
    auto* const memory = static_cast<unsigned char*>(allocate_call(bytes));
    std::memset(memory, filled, bytes);
    return {bytes, filled, memory};
}

/// Whether nobody else has written to it.
bool free_block_of(block const& which) {
    bool const is_as_it_was = std::all_of(which.memory, which.memory + which.bytes,
                                          [&](unsigned char each) { return each == which.filled; });
    free_call(which.memory, which.bytes);
    return is_as_it_was;
}

TEST(call_memory, is_nobody_elses_whichever_thread_frees_it) {
    std::mutex mutex;
    std::vector<block> shared;
    auto const make_and_free = [&](unsigned seed) {
        std::mt19937 random(seed);
        for (int round = 0; round < 2000; ++round) {
            std::vector<block> some;
            for (std::size_t left = random() % 50; left > 0; --left)
                some.push_back(make_block(random));
            {
                std::lock_guard const lock(mutex);
                shared.insert(shared.end(), some.begin(), some.end());
                some.clear();
                std::size_t const taken = std::min<std::size_t>(shared.size(), random() % 50);
                some.assign(shared.end() - static_cast<std::ptrdiff_t>(taken), shared.end());
                shared.resize(shared.size() - taken);
            }
            for (auto const& each : some)
                EXPECT_TRUE(free_block_of(each));
        }
    };
    std::vector<std::thread> threads;
    for (unsigned seed = 0; seed < 4; ++seed)
        threads.emplace_back(make_and_free, seed);
    for (auto& each : threads)
        each.join();
    for (auto const& each : shared)
        EXPECT_TRUE(free_block_of(each));
}

TEST(call_memory, is_given_back_after_many) {
    constexpr std::size_t bytes = 352, count = 100'000;
    auto const in_use = [] { return mallinfo2().uordblks; };
    std::vector<void*> blocks(count);
    std::size_t const before = in_use();
    for (auto& each : blocks)
        each = allocate_call(bytes);
    for (void* const each : blocks)
        free_call(each, bytes);
    EXPECT_LE(in_use(), before + count * bytes / 10);
}

TEST(call_memory, that_a_thread_kept_is_given_back_when_it_ends) {
    auto const in_use = [] { return mallinfo2().uordblks; };
    auto const use_some = [] {
        std::vector<void*> blocks(40);
        for (auto& each : blocks)
            each = allocate_call(500);
        for (void* const each : blocks)
            free_call(each, 500);
    };
    std::thread(use_some).join();
    std::size_t const before = in_use();
    for (int round = 0; round < 200; ++round)
        std::thread(use_some).join();
    EXPECT_LE(in_use(), before + 200'000);
}

TEST(call_memory, may_be_large_or_aligned_as_no_call_is) {
    struct alignas(256) wide {
        char bytes[256];
    };
    auto const aligned = std::allocate_shared<wide>(call_allocator<wide>());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(aligned.get()) % alignof(wide), 0U);
    struct large {
        char bytes[100'000];
    };
    auto const big = std::allocate_shared<large>(call_allocator<large>());
    std::memset(big->bytes, 1, sizeof big->bytes);
}

}  // namespace
}  // namespace quartet::detail
