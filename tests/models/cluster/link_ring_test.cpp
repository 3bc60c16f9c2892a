#include "src/models/cluster/link_ring.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>

namespace quartet::detail::link_ring_test {
namespace {

using namespace std::chrono_literals;
using small_ring = link_ring<std::uint64_t, 4>;

auto in_an_hour() {
    return std::chrono::steady_clock::now() + 1h;
}

TEST(LinkRing, GivesWhatWasPutInInOrder) {
    small_ring ring;
    for (std::uint64_t round = 0; round < 100; ++round) {
        EXPECT_TRUE(ring.is_empty());
        EXPECT_FALSE(ring.pop());
        for (std::uint64_t each = 0; each < 4; ++each)
            EXPECT_TRUE(ring.push(round * 4 + each));
        EXPECT_TRUE(ring.is_full());
        EXPECT_FALSE(ring.push(0));
        for (std::uint64_t each = 0; each < 4; ++each)
            EXPECT_EQ(ring.pop(), round * 4 + each);
    }
}

TEST(LinkRing, IsForTwoThreads) {
    constexpr std::uint64_t count = 200'000;
    auto const ring = std::make_unique<link_ring<std::uint64_t, 64>>();
    std::jthread const producer([&] {
        for (std::uint64_t each = 1; each <= count;) {
            if (ring->push(each))
                ++each;
            else
                std::this_thread::yield();
        }
    });
    for (std::uint64_t expected = 1; expected <= count;) {
        auto const got = ring->pop();
        if (!got) {
            std::this_thread::yield();
            continue;
        }
        ASSERT_EQ(*got, expected);
        ++expected;
    }
}

TEST(Doorbell, LosesNoRing) {
    // Each side waits for the other, so one ring that is lost is the end: there is nobody else to wake them.
    constexpr std::uint64_t rounds = 20'000;
    struct side {
        small_ring ring;
        doorbell bell;
    };
    side there;
    side here;
    auto const next = [](side& own) {
        own.bell.wait_until([&] { return !own.ring.is_empty(); }, in_an_hour());
        return own.ring.pop();
    };
    std::jthread const other([&] {
        for (std::uint64_t round = 0; round < rounds; ++round) {
            auto const got = next(there);
            here.ring.push(*got + 1);
            here.bell.ring();
        }
    });
    for (std::uint64_t round = 0; round < rounds; ++round) {
        there.ring.push(round);
        there.bell.ring();
        ASSERT_EQ(next(here), round + 1);
    }
}

TEST(Doorbell, HearsARingThatComesAfterItHasLooked) {
    doorbell bell;
    int looks = 0;
    bell.wait_until(
        [&] {
            if (++looks > 1) return true;
            bell.ring();
            return false;
        },
        in_an_hour());
    EXPECT_EQ(looks, 2);
}

TEST(Doorbell, HasADeadline) {
    doorbell bell;
    auto const begin = std::chrono::steady_clock::now();
    bell.wait_until([] { return false; }, begin + 30ms);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 30ms);
    bell.ring();
    bell.wait_until([] { return true; }, in_an_hour());
}

}  // namespace
}  // namespace quartet::detail::link_ring_test
