// What several threads have completed for a loop that sleeps and wakes meanwhile: each once, in the order of
// its thread, and none while the loop sleeps.

#include "src/io/loop/inbox.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace quartet::inbox_test {
namespace {

struct item {
    std::size_t from = 0;
    std::size_t number = 0;
    item* next_done = nullptr;
};

TEST(an_inbox, takes_nothing_while_its_loop_sleeps) {
    detail::inbox<item> all;
    item one;
    item other;
    EXPECT_TRUE(all.fall_asleep());
    EXPECT_FALSE(all.add(one));
    all.wake();
    EXPECT_TRUE(all.add(one));
    EXPECT_TRUE(all.add(other));
    EXPECT_FALSE(all.fall_asleep());
    std::vector<item*> taken;
    all.take_all([&](item& each) { taken.push_back(&each); });
    EXPECT_EQ(taken, (std::vector{&one, &other}));
    EXPECT_TRUE(all.empty());
    EXPECT_TRUE(all.fall_asleep());
}

TEST(an_inbox, gives_each_once_and_in_order) {
    constexpr std::size_t threads = 3;
    constexpr std::size_t of_each = 20'000;
    detail::inbox<item> all;
    std::vector<std::vector<item>> made(threads, std::vector<item>(of_each));
    std::vector<std::jthread> adders;
    for (std::size_t from = 0; from < threads; ++from) {
        adders.emplace_back([&, from] {
            for (std::size_t number = 0; number < of_each; ++number) {
                made[from][number] = {.from = from, .number = number};
                while (!all.add(made[from][number]))
                    std::this_thread::yield();  // it sleeps
            }
        });
    }
    std::vector<std::size_t> next(threads, 0);
    std::size_t wrong = 0;
    for (std::size_t taken = 0; taken < threads * of_each;) {
        if (all.fall_asleep()) {
            std::this_thread::yield();
            all.wake();
        }
        all.take_all([&](item& each) {
            wrong += each.number != next[each.from]++;
            ++taken;
        });
    }
    EXPECT_EQ(wrong, 0U);
    EXPECT_EQ(next, std::vector<std::size_t>(threads, of_each));
}

}  // namespace
}  // namespace quartet::inbox_test
