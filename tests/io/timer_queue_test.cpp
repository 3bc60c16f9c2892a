#include "src/io/loop/timer_queue.hpp"

#include <quartet/detail/io/operations/sleep.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

namespace quartet::detail::timer_queue_test {
namespace {

using namespace std::chrono_literals;
using time_point = timer_queue::time_point;

/// Operations that are never awaited need no living context.
class TimerQueue : public testing::Test {
protected:
    sleep_operation& add(std::chrono::nanoseconds deadline) {
        auto& operation = operations.emplace_back(nowhere(), deadline);
        queue.add(operation, time_point(deadline));
        return operation;
    }
    static context& nowhere() {
        alignas(16) static std::byte storage[16];
        return *reinterpret_cast<context*>(storage);
    }

    std::deque<sleep_operation> operations;
    timer_queue queue;
};

TEST_F(TimerQueue, GivesTheEarliestFirst) {
    add(30ms);
    auto& first = add(10ms);
    add(20ms);
    EXPECT_EQ(queue.earliest(), time_point(10ms));
    EXPECT_EQ(&queue.pop(), &first);
    EXPECT_EQ(queue.earliest(), time_point(20ms));
}

TEST_F(TimerQueue, EqualDeadlinesEndInTheOrderTheyCame) {
    for (int i = 0; i < 100; ++i)
        add(5ms);
    for (auto& expected : operations)
        EXPECT_EQ(&queue.pop(), &expected);
    EXPECT_TRUE(queue.empty());
}

TEST_F(TimerQueue, SortsWhatIsAddedAndTakenInTurns) {
    std::mt19937 random(1);
    time_point last{};
    for (int i = 0; i < 1000; ++i)
        add(std::chrono::microseconds(random() % 1000));
    for (int i = 0; i < 1000; ++i) {
        EXPECT_GE(queue.earliest(), last);
        last = queue.earliest();
        queue.pop();
        add(last.time_since_epoch() + std::chrono::microseconds(random() % 1000));
    }
    while (!queue.empty()) {
        EXPECT_GE(queue.earliest(), last);
        last = queue.earliest();
        queue.pop();
    }
}

TEST_F(TimerQueue, LetsGoOfAny) {
    std::mt19937 random(1);
    for (int i = 0; i < 1000; ++i)
        add(std::chrono::microseconds(random() % 100));
    std::vector<sleep_operation*> order;
    for (auto& each : operations)
        order.push_back(&each);
    std::ranges::shuffle(order, random);
    for (int i = 0; i < 500; ++i) {
        EXPECT_TRUE(queue.remove(*order.at(i)));
        EXPECT_FALSE(queue.remove(*order.at(i)));
    }
    time_point last{};
    for (int i = 0; i < 500; ++i) {
        EXPECT_GE(queue.earliest(), last);
        last = queue.earliest();
        auto const& taken = queue.pop();
        EXPECT_NE(std::ranges::find(order.begin() + 500, order.end(), &taken), order.end());
    }
    EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace quartet::detail::timer_queue_test
