// Channels in every model: each value is received once, and waits end as other waits do. A channel between
// processes works under all models, one within the process where the bodies share its memory.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/conformance/within.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace quartet::conformance::channel_test {
namespace {

using namespace std::chrono_literals;

class channels : public testing::TestWithParam<within_row> {
protected:
    template <class T>
    std::unique_ptr<channel<T>> make_channel(std::size_t capacity) {
        if (GetParam().within) return std::make_unique<channel<T>>(capacity);
        return std::make_unique<channel<T>>(capacity, between_processes{});
    }
    executor make() { return GetParam().model.make(world_, {}, nullptr); }

    fake_world world_;
};
#define QUARTET_CHANNEL_SUITE(suite, rows)                \
    GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(suite); \
    INSTANTIATE_TEST_SUITE_P(models, suite, testing::ValuesIn(within_and_between(rows)), name_of_within)

QUARTET_CHANNEL_SUITE(channels, all_rows());

/// Threads of the test send and receive too; the fake knows its own bodies only.
class channels_and_threads : public channels {};
QUARTET_CHANNEL_SUITE(channels_and_threads, rows_with_real_io());

/// Models that have two bodies or more under way.
class channels_between_bodies : public channels {};
QUARTET_CHANNEL_SUITE(channels_between_bodies, rows_where([](row const& each) {
                          return each.name != "single" && !each.name.ends_with("_1");
                      }));

class channels_on_a_loop : public channels {};
QUARTET_CHANNEL_SUITE(channels_on_a_loop, rows_that_interleave());

class channels_under_the_fake : public channels {};
QUARTET_CHANNEL_SUITE(channels_under_the_fake,
                      rows_where([](row const& each) { return each.name.starts_with("fake"); }));

using numbers = channel<int>;

task<long> sum_until_closed(context& ctx, numbers& from) {
    long sum = 0;
    while (auto const number = co_await from.receive(ctx))
        sum += *number;
    co_return sum;
}

task<long> send_all(context& ctx, numbers& to, int first, int last) {
    for (int number = first; number < last; ++number)
        co_await to.send(ctx, number);
    co_return 0;
}

long sum_below(long end) {
    return end * (end - 1) / 2;
}

TEST_P(channels, hand_over_what_was_sent_before) {
    auto const stock = make_channel<int>(1000);
    auto executor = make();
    for (int number = 0; number < 1000; ++number)
        stock->send(number);
    EXPECT_EQ(stock->size(), 1000u);
    stock->close();
    auto const sums = executor.map([&c = *stock](context& ctx, int) { return sum_until_closed(ctx, c); },
                                   std::vector{0, 1, 2, 3});
    EXPECT_EQ(std::accumulate(sums.begin(), sums.end(), 0L), sum_below(1000));
    EXPECT_EQ(stock->size(), 0u);
}

TEST_P(channels, keep_what_bodies_send) {
    auto const results = make_channel<std::string>(100);
    auto const body = [&c = *results](context& ctx, int n) -> task<void> {
        co_await c.send(ctx, std::string(static_cast<std::size_t>(n) * 37, 'x'));
    };
    make().map(body, std::views::iota(0, 100));
    results->close();
    std::vector<std::size_t> sizes;
    while (auto const text = results->receive())
        sizes.push_back(text->size());
    std::ranges::sort(sizes);
    ASSERT_EQ(sizes.size(), 100u);
    for (std::size_t n = 0; n < 100; ++n)
        EXPECT_EQ(sizes[n], n * 37);
}

TEST_P(channels, take_nothing_when_they_are_closed) {
    auto const closed = make_channel<int>(2);
    auto executor = make();
    closed->send(5);
    closed->close();
    closed->close();
    auto const outcome =
        executor
            .try_map([&c = *closed](context& ctx, int n) -> task<void> { co_await c.send(ctx, n); },
                     std::vector{1})
            .front();
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().message, "quartet: the channel is closed");
    auto const receive = [&c = *closed](context& ctx, int) -> task<int> {
        auto const value = co_await c.receive(ctx);
        co_return value.value_or(-1);
    };
    EXPECT_EQ(executor.map(receive, std::vector{0}), std::vector{5});
    EXPECT_EQ(executor.map(receive, std::vector{0, 0}), (std::vector{-1, -1}));
}

TEST_P(channels, time_limits_end_a_receive) {
    auto const empty = make_channel<int>(1);
    auto const body = [&c = *empty](context& ctx, int) -> task<int> {
        for (int round = 0; round < 3; ++round) {
            try {
                co_await ctx.with_timeout(5ms, c.receive(ctx));
                co_return -1;
            } catch (timed_out const&) {
            }
        }
        co_await c.send(ctx, 7);
        auto const value = co_await ctx.with_timeout(1h, c.receive(ctx));
        co_return *value;
    };
    EXPECT_EQ(make().map(body, std::vector{0}), std::vector{7});
}

TEST_P(channels, time_limits_end_a_send_and_nothing_was_sent) {
    auto const full = make_channel<int>(1);
    full->send(1);
    auto const body = [&c = *full](context& ctx, int) -> task<int> {
        try {
            co_await ctx.with_timeout(5ms, c.send(ctx, 2));
            co_return -1;
        } catch (timed_out const&) {
        }
        co_return static_cast<int>(c.size());
    };
    EXPECT_EQ(make().map(body, std::vector{0}), std::vector{1});
    EXPECT_EQ(full->try_receive(), 1);
    EXPECT_EQ(full->try_receive(), std::nullopt);
}

TEST_P(channels, stops_end_what_waits) {
    auto const empty = make_channel<int>(1);
    shared_counter begun;
    std::stop_source source;
    auto executor = make();
    auto const body = [&c = *empty, begun = &begun, source = &source](context& ctx, int) -> task<void> {
        ++*begun;
        if (ctx.where().name.starts_with("fake")) source->request_stop();
        co_await c.receive(ctx);
    };
    std::jthread const stopper([&] {
        wait_until([&] { return *begun > 0; });
        std::this_thread::sleep_for(5ms);
        source.request_stop();
    });
    for (auto const& each : executor.try_map(body, std::vector{0, 1}, {.stop = source.get_token()})) {
        ASSERT_FALSE(each.has_value());
        EXPECT_EQ(each.error().why, cause::cancelled) << each.error().message;
    }
    // Nothing is left that could take a value.
    empty->send(3);
    EXPECT_EQ(empty->size(), 1u);
}

TEST_P(channels, task_limits_end_what_waits) {
    auto const empty = make_channel<int>(1);
    auto const outcome =
        make().try_map([&c = *empty](context& ctx, int) -> task<void> { co_await c.receive(ctx); },
                       std::vector{0}, {.task_timeout = 20ms});
    EXPECT_EQ(outcome.front().error().why, cause::timed_out);
}

TEST_P(channels, serve_bodies_that_do_not_wait) {
    auto const one = make_channel<int>(1);
    auto const body = [c = one.get()](int n) {
        while (!c->try_send(n)) {
        }
        for (;;) {
            if (auto const value = c->try_receive()) return *value;
        }
    };
    auto values = make().map(body, std::vector{1, 2, 3, 4, 5});
    std::ranges::sort(values);
    EXPECT_EQ(values, (std::vector{1, 2, 3, 4, 5}));
}

TEST_P(channels_and_threads, hand_over_from_a_thread_to_bodies) {
    auto const small = make_channel<int>(3);
    auto executor = make();
    std::jthread const producer([&] {
        for (int number = 0; number < 5000; ++number)
            small->send(number);
        small->close();
    });
    auto const sums = executor.map([&c = *small](context& ctx, int) { return sum_until_closed(ctx, c); },
                                   std::vector{0, 1, 2, 3});
    EXPECT_EQ(std::accumulate(sums.begin(), sums.end(), 0L), sum_below(5000));
}

TEST_P(channels_and_threads, hand_over_from_bodies_to_a_thread) {
    auto const small = make_channel<int>(3);
    auto executor = make();
    long sum = 0;
    {
        std::jthread const consumer([&] {
            while (auto const number = small->receive())
                sum += *number;
        });
        executor.map([&c = *small](context& ctx,
                                   int part) { return send_all(ctx, c, part * 1000, part * 1000 + 1000); },
                     std::vector{0, 1, 2, 3, 4});
        small->close();
    }
    EXPECT_EQ(sum, sum_below(5000));
}

TEST_P(channels_and_threads, let_all_go_when_they_are_closed) {
    auto const full = make_channel<int>(1);
    auto const empty = make_channel<int>(1);
    shared_counter begun;
    auto executor = make();
    full->send(1);
    std::jthread const closer([&] {
        wait_until([&] { return *begun > 0; });
        std::this_thread::sleep_for(10ms);
        empty->close();
        full->close();
    });
    auto const body = [&e = *empty, &f = *full, begun = &begun](context& ctx, int) -> task<std::string> {
        ++*begun;
        if (co_await e.receive(ctx)) co_return "a value";
        try {
            co_await f.send(ctx, 2);
        } catch (channel_closed const&) {
            co_return "closed";
        }
        co_return "sent";
    };
    for (auto const& said : executor.map(body, std::vector{0, 1, 2, 3, 4, 5}))
        EXPECT_EQ(said, "closed");
    EXPECT_EQ(full->receive(), 1);
    EXPECT_EQ(full->receive(), std::nullopt);
}

TEST_P(channels_between_bodies, make_a_pipeline) {
    constexpr int count = 3000;
    auto const first = make_channel<int>(2);
    auto const second = make_channel<int>(1);
    auto const body = [&in = *first, &out = *second](context& ctx, int stage) -> task<long> {
        if (stage == 0) {
            co_await send_all(ctx, in, 0, count);
            in.close();
            co_return 0;
        }
        if (stage == 1) {
            while (auto const number = co_await in.receive(ctx))
                co_await out.send(ctx, *number * 2);
            out.close();
            co_return 0;
        }
        co_return co_await sum_until_closed(ctx, out);
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1, 2})[2], 2 * sum_below(count));
}

TEST_P(channels_on_a_loop, lose_nothing_to_waits_that_end_early) {
    constexpr int count = 2000;
    auto const small = make_channel<int>(2);
    auto const body = [&c = *small](context& ctx, int who) -> task<std::vector<int>> {
        std::vector<int> got;
        if (who == 0) {
            int number = 0;
            for (int round = 0; number < count; ++round) {
                auto const limit = std::chrono::microseconds(round * 7919 % 300);
                bool sent = true;
                try {
                    co_await ctx.with_timeout(limit, c.send(ctx, number));
                } catch (timed_out const&) {
                    sent = false;
                }
                if (sent) ++number;
                if (number % 7 == 0) co_await ctx.sleep_for(20us);
            }
            c.close();
            co_return got;
        }
        for (int round = 0;; ++round) {
            auto const limit = std::chrono::microseconds(round * 104'729 % 200);
            auto const first = co_await when_any(c.receive(ctx), ctx.sleep_for(limit));
            if (first.index() == 1) continue;
            auto const& value = std::get<0>(first);
            if (!value) co_return got;
            got.push_back(*value);
        }
    };
    std::vector<int> all;
    for (auto const& got : make().map(body, std::views::iota(0, 5)))
        all.insert(all.end(), got.begin(), got.end());
    std::ranges::sort(all);
    ASSERT_EQ(all.size(), static_cast<std::size_t>(count));
    for (int number = 0; number < count; ++number)
        ASSERT_EQ(all[static_cast<std::size_t>(number)], number);
}

TEST_P(channels_on_a_loop, wake_the_next_when_the_first_is_cancelled_after_it_was_woken) {
    auto const empty = make_channel<int>(1);
    auto const body = [&c = *empty](context& ctx, int who) -> task<int> {
        if (who == 1) co_return (co_await c.receive(ctx)).value();
        auto const send = [](context& within, channel<int>& to) -> task<void> {
            co_await within.yield();
            to.try_send(8);  // wakes the other child, which its end then cancels
        };
        co_return static_cast<int>((co_await when_any(c.receive(ctx), send(ctx, c))).index());
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector{1, 8}));
}

TEST_P(channels_on_a_loop, may_be_waited_for_several_at_once) {
    auto const left = make_channel<int>(1);
    auto const right = make_channel<int>(1);
    auto const body = [&l = *left, &r = *right](context& ctx, int who) -> task<int> {
        if (who == 1) {
            for (int number = 0; number < 100; ++number)
                co_await (number % 3 == 0 ? l : r).send(ctx, number);
            co_return 0;
        }
        int sum = 0;
        for (int number = 0; number < 100; ++number) {
            auto const first = co_await when_any(l.receive(ctx), r.receive(ctx));
            sum += *(first.index() == 0 ? std::get<0>(first) : std::get<1>(first));
        }
        co_return sum;
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1})[0], sum_below(100));
}

TEST_P(channels_on_a_loop, let_others_run_while_a_body_waits) {
    auto const gate = make_channel<int>(1);
    auto const body = [&c = *gate](context& ctx, int who) -> task<int> {
        if (who == 0) co_return (co_await c.receive(ctx)).value();
        co_await ctx.sleep_for(1ms);
        co_await ctx.offload([] {});
        co_await c.send(ctx, 9);
        co_return 0;
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector{9, 0}));
}

TEST_P(channels_under_the_fake, say_so_when_nothing_can_happen) {
    auto const empty = make_channel<int>(1);
    auto const body = [&c = *empty](context& ctx, int) -> task<void> {
        co_await ctx.sleep_for(1h);
        co_await c.receive(ctx);
    };
    for (auto const& each : make().try_map(body, std::vector{0, 1})) {
        ASSERT_FALSE(each.has_value());
        EXPECT_NE(each.error().message.find("nothing else can happen"), std::string::npos);
    }
}

}  // namespace
}  // namespace quartet::conformance::channel_test
