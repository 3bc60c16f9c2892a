// Channels outside of bodies: threads that block, limits, order, and what becomes of the values.
#include <quartet/channel.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace quartet::channel_threads_test {
namespace {

using namespace std::chrono_literals;

template <class Make>
class a_channel : public testing::Test {};

struct within {
    template <class T>
    static std::unique_ptr<channel<T>> make(std::size_t capacity) {
        return std::make_unique<channel<T>>(capacity);
    }
};
struct between {
    template <class T>
    static std::unique_ptr<channel<T>> make(std::size_t capacity) {
        return std::make_unique<channel<T>>(capacity, between_processes{});
    }
};
using kinds = testing::Types<within, between>;
TYPED_TEST_SUITE(a_channel, kinds, );

TYPED_TEST(a_channel, keeps_the_order) {
    auto const numbers = TypeParam::template make<int>(4);
    int next = 0;
    for (int number = 0; number < 100;) {
        while (numbers->try_send(number))
            ++number;
        EXPECT_EQ(numbers->size(), 4u);
        for (int taken = 0; taken < 3; ++taken)
            EXPECT_EQ(numbers->try_receive(), next++);
    }
    EXPECT_EQ(numbers->capacity(), 4u);
}

TYPED_TEST(a_channel, has_room_for_one_at_least) {
    EXPECT_THROW(TypeParam::template make<int>(0), std::invalid_argument);
}

TYPED_TEST(a_channel, does_not_wait_longer_than_asked) {
    auto const numbers = TypeParam::template make<int>(1);
    EXPECT_EQ(numbers->receive_for(1ms), std::nullopt);
    EXPECT_EQ(numbers->receive_for(-1ms), std::nullopt);
    EXPECT_TRUE(numbers->send_for(1h, 1));
    EXPECT_FALSE(numbers->send_for(1ms, 2));
    EXPECT_FALSE(numbers->send_for(0ms, 2));
    EXPECT_EQ(numbers->receive_for(std::chrono::nanoseconds::max()), 1);
    EXPECT_EQ(numbers->size(), 0u);
}

TYPED_TEST(a_channel, is_drained_after_it_was_closed) {
    auto const texts = TypeParam::template make<std::string>(3);
    texts->send("a");
    texts->send("b");
    EXPECT_FALSE(texts->closed());
    texts->close();
    EXPECT_TRUE(texts->closed());
    EXPECT_THROW(texts->send("c"), channel_closed);
    EXPECT_THROW(texts->try_send("c"), channel_closed);
    EXPECT_THROW(texts->send_for(1ms, "c"), channel_closed);
    EXPECT_EQ(texts->receive(), "a");
    EXPECT_EQ(texts->try_receive(), "b");
    EXPECT_EQ(texts->receive(), std::nullopt);
    EXPECT_EQ(texts->try_receive(), std::nullopt);
}

TYPED_TEST(a_channel, wakes_those_who_wait_when_it_is_closed) {
    auto const empty = TypeParam::template make<int>(1);
    auto const full = TypeParam::template make<int>(1);
    full->send(1);
    std::vector<std::jthread> waiting;
    for (int n = 0; n < 4; ++n) {
        waiting.emplace_back([&] { EXPECT_EQ(empty->receive(), std::nullopt); });
        waiting.emplace_back([&] { EXPECT_THROW(full->send(2), channel_closed); });
    }
    std::this_thread::sleep_for(5ms);
    empty->close();
    full->close();
    waiting.clear();
    EXPECT_EQ(full->receive(), 1);
}

TYPED_TEST(a_channel, gives_each_value_to_one_of_many_threads) {
    constexpr std::size_t threads = 4;
    constexpr std::size_t each = 5000;
    for (std::size_t const capacity : {1u, 7u, 1000u}) {
        auto const numbers = TypeParam::template make<std::size_t>(capacity);
        std::vector<std::vector<std::size_t>> got(threads);
        std::vector<std::jthread> consumers, producers;
        for (std::size_t t = 0; t < threads; ++t) {
            consumers.emplace_back([&, t] {
                while (auto const number = numbers->receive())
                    got[t].push_back(*number);
            });
            producers.emplace_back([&, t] {
                for (std::size_t n = 0; n < each; ++n)
                    numbers->send(t * each + n);
            });
        }
        producers.clear();
        numbers->close();
        consumers.clear();
        std::vector<std::size_t> all;
        for (auto const& part : got) {
            all.insert(all.end(), part.begin(), part.end());
            // Of one sender, each receiver gets them in order.
            for (std::size_t t = 0; t < threads; ++t) {
                std::vector<std::size_t> of_one;
                std::ranges::copy_if(part, std::back_inserter(of_one), [&](auto n) { return n / each == t; });
                EXPECT_TRUE(std::ranges::is_sorted(of_one));
            }
        }
        std::ranges::sort(all);
        std::vector<std::size_t> expected(threads * each);
        std::iota(expected.begin(), expected.end(), 0);
        EXPECT_EQ(all, expected) << "capacity " << capacity;
    }
}

TYPED_TEST(a_channel, loses_nothing_to_waits_that_end_early) {
    auto const numbers = TypeParam::template make<int>(1);
    constexpr int count = 2000;
    std::vector<int> got[3];
    {
        std::vector<std::jthread> consumers;
        for (auto& mine : got) {
            consumers.emplace_back([&] {
                for (int round = 0; !numbers->closed() || numbers->size() > 0; ++round) {
                    if (auto const number = numbers->receive_for(std::chrono::microseconds(round % 50)))
                        mine.push_back(*number);
                }
            });
        }
        for (int number = 0; number < count;)
            number += numbers->send_for(std::chrono::microseconds(number % 50), number);
        numbers->close();
    }
    std::vector<int> all;
    for (auto const& mine : got)
        all.insert(all.end(), mine.begin(), mine.end());
    std::ranges::sort(all);
    std::vector<int> expected(count);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(all, expected);
}

TEST(channels_within, take_values_that_can_only_be_moved) {
    channel<std::unique_ptr<int>> boxes(1);
    auto box = std::make_unique<int>(1);
    EXPECT_TRUE(boxes.try_send(std::move(box)));
    box = std::make_unique<int>(2);
    EXPECT_FALSE(boxes.try_send(std::move(box)));
    ASSERT_TRUE(box) << "moved from, but not sent";
    EXPECT_EQ(*box, 2);
    EXPECT_EQ(**boxes.receive(), 1);
}

TEST(channels_within, drop_what_is_left_in_them) {
    auto const watched = std::make_shared<int>(1);
    {
        channel<std::shared_ptr<int>> pointers(5);
        for (int round = 0; round < 4; ++round)
            pointers.send(watched);
        pointers.receive();
        EXPECT_EQ(watched.use_count(), 4);
    }
    EXPECT_EQ(watched.use_count(), 1);
}

TEST(channels_between, say_so_when_a_value_is_too_large) {
    channel<std::string> texts(10, between_processes{.bytes = 1000});
    texts.send(std::string(900, 'x'));
    EXPECT_FALSE(texts.try_send(std::string(900, 'y'))) << "there is no room now";
    EXPECT_THAT([&] { texts.send(std::string(2000, 'x')); },
                testing::ThrowsMessage<std::length_error>(testing::HasSubstr(
                    "a value of 2008 bytes is larger than the channel's 1000 (between_processes::bytes)")));
    EXPECT_EQ(texts.receive()->size(), 900u);
    EXPECT_TRUE(texts.try_send(std::string(992, 'y')));
}

TEST(channels_between, refuse_more_than_there_is) {
    EXPECT_THROW(channel<int>(std::size_t{1} << 62, between_processes{}), std::system_error);
    EXPECT_THROW(channel<std::string>(1, between_processes{.bytes = std::size_t{1} << 63}),
                 std::system_error);
}

TEST(channels_between, keep_values_of_all_sizes) {
    std::mt19937 random(7);
    for (std::size_t const bytes : {64u, 100u, 1000u}) {
        channel<std::vector<char>> values(9, between_processes{.bytes = bytes});
        std::deque<std::vector<char>> expected;
        for (int round = 0; round < 20'000; ++round) {
            if (random() % 2) {
                std::vector<char> value(random() % (bytes - 7 - 8), static_cast<char>(random()));
                bool const full = values.size() == values.capacity();
                if (values.try_send(value)) expected.push_back(value);
                ASSERT_TRUE(!full || expected.size() == 9);
                ASSERT_TRUE(!expected.empty());
            } else if (auto const value = values.try_receive()) {
                ASSERT_EQ(*value, expected.front());
                expected.pop_front();
            } else {
                ASSERT_TRUE(expected.empty());
            }
        }
    }
}

TEST(channels_between, always_have_room_for_as_many_values_of_one_size_as_they_say) {
    channel<std::array<char, 13>> values(5, between_processes{});
    for (int round = 0; round < 100; ++round) {
        while (values.try_send({})) {
        }
        ASSERT_EQ(values.size(), 5u);
        for (int taken = 0; taken < round % 6; ++taken)
            values.receive();
    }
}

struct empty {};

TEST(channels_between, take_values_without_bytes) {
    channel<empty> values(3, between_processes{});
    while (values.try_send({})) {
    }
    EXPECT_EQ(values.size(), 3u);
    for (int n = 0; n < 3; ++n)
        EXPECT_TRUE(values.receive().has_value());
    EXPECT_EQ(values.size(), 0u);
}

}  // namespace
}  // namespace quartet::channel_threads_test
