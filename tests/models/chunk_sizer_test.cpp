#include "src/models/chunk_sizer.hpp"

#include <gtest/gtest.h>

namespace quartet::detail::chunk_sizer_test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t plenty = 1'000'000;

TEST(ChunkSizer, BeginsWithOneTask) {
    EXPECT_EQ(chunk_sizer(2).next(plenty), 1u);
}

TEST(ChunkSizer, LongTasksAreTakenAlone) {
    chunk_sizer sizer(2);
    for (int i = 0; i < 10; ++i)
        sizer.took(1, 10ms);
    EXPECT_EQ(sizer.next(plenty), 1u);
}

TEST(ChunkSizer, ShortTasksAreTakenTogether) {
    chunk_sizer sizer(2);
    for (int i = 0; i < 10; ++i) {
        auto const size = sizer.next(plenty);
        sizer.took(size, 10ns * static_cast<int>(size));
    }
    EXPECT_GT(sizer.next(plenty), 1000u);
}

TEST(ChunkSizer, GrowsStepByStep) {
    chunk_sizer sizer(2);
    sizer.took(1, 1ns);
    EXPECT_LE(sizer.next(plenty), 16u);
}

TEST(ChunkSizer, OneSlowChunkMakesTheNextSmall) {
    chunk_sizer sizer(2);
    for (int i = 0; i < 10; ++i) {
        auto const size = sizer.next(plenty);
        sizer.took(size, 10ns * static_cast<int>(size));
    }
    sizer.took(sizer.next(plenty), 10s);
    EXPECT_EQ(sizer.next(plenty), 1u);
}

TEST(ChunkSizer, LeavesTheOthersTheirPart) {
    chunk_sizer sizer(4);
    for (int i = 0; i < 10; ++i) {
        auto const size = sizer.next(plenty);
        sizer.took(size, 1ns * static_cast<int>(size));
    }
    EXPECT_LE(sizer.next(160), 10u);
    EXPECT_EQ(sizer.next(3), 1u);
    EXPECT_EQ(sizer.next(0), 1u);
}

TEST(ChunkSizer, AClockThatStandsStillIsNoDivisionByZero) {
    chunk_sizer sizer(2);
    sizer.took(1, 0ns);
    EXPECT_GE(sizer.next(plenty), 1u);
}

}  // namespace
}  // namespace quartet::detail::chunk_sizer_test
