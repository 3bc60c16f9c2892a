#include <quartet/detail/shared_heap.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <new>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace quartet::detail {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

std::size_t memory_of(shared_heap const& heap) {
    struct stat status {};
    fstat(heap.descriptor(), &status);
    return static_cast<std::size_t>(status.st_blocks) * 512;
}

TEST(SharedHeap, IsSeenByAChildAtTheSameAddress) {
    auto const heap = shared_heap::create(mebibyte);
    auto* const numbers = heap->allocate_array<int>(2);
    numbers[0] = 1;
    pid_t const child = fork();
    if (child == 0) {
        auto* const more = heap->allocate_array<int>(1);
        *more = 7;
        numbers[1] = numbers[0] + *more;
        _exit(0);
    }
    waitpid(child, nullptr, 0);
    EXPECT_EQ(numbers[1], 8);
}

TEST(SharedHeap, KeepsAlignment) {
    auto const heap = shared_heap::create(mebibyte);
    heap->allocate(1, 1);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(heap->allocate(1, 64)) % 64, 0u);
}

TEST(SharedHeap, RefusesWhatIsMoreThanItHas) {
    auto const heap = shared_heap::create(mebibyte);
    EXPECT_THROW(heap->allocate(mebibyte), std::bad_alloc);
    EXPECT_THROW(heap->allocate(~std::size_t{0}), std::bad_alloc);
    EXPECT_NE(heap->allocate(1000), nullptr);
}

TEST(SharedHeap, TakesMemoryOnlyForWhatIsAllocated) {
    auto const heap = shared_heap::create(1024 * mebibyte);
    EXPECT_LE(memory_of(*heap), 2 * mebibyte);
    heap->allocate(100 * mebibyte);
    EXPECT_GE(memory_of(*heap), 100 * mebibyte);
}

TEST(SharedHeap, ResetGivesMemoryBack) {
    auto const heap = shared_heap::create(1024 * mebibyte);
    std::memset(heap->allocate(300 * mebibyte), 1, 300 * mebibyte);
    heap->reset();
    EXPECT_LE(memory_of(*heap), 100 * mebibyte);
    EXPECT_NE(heap->allocate(300 * mebibyte), nullptr);
}

}  // namespace
}  // namespace quartet::detail
