// So many a second in every model: never more, in order, and exactly on time where the clock is the fake's.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace quartet::conformance::rate_limiter_test {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::vector<row> rows_within() {
    return rows_with(&model_traits::shares_memory);
}

class limited_rates : public any_model {};
QUARTET_SUITE(limited_rates, rows_within());

class limited_rates_by_a_real_clock : public any_model {};
QUARTET_SUITE(limited_rates_by_a_real_clock,
              rows_where([](row const& each) { return each.real_io && each.traits.shares_memory; }));

class limited_rates_in_processes : public any_model {};
QUARTET_SUITE(limited_rates_in_processes, rows_with_real_io());

/// When bodies of the fake have come through, in milliseconds of its clock.
struct times {
    fake_world world;
    std::vector<milliseconds> of_all;

    void note(context const& ctx) {
        of_all.push_back(std::chrono::duration_cast<milliseconds>(ctx.now().time_since_epoch()));
    }
    executor make() { return executor(std::make_unique<fake>(world)); }
};

std::vector<milliseconds> times_of(rate_limiter& limiter, int bodies) {
    times found;
    auto const body = [&limiter, &found](context& ctx, int) -> task<void> {
        co_await limiter.acquire(ctx);
        found.note(ctx);
    };
    found.make().map(body, std::views::iota(0, bodies));
    return found.of_all;
}

TEST(a_rate, is_kept_exactly_by_the_clock_of_the_fake) {
    rate_limiter one(5);
    EXPECT_EQ(times_of(one, 10), (std::vector<milliseconds>{0ms, 200ms, 400ms, 600ms, 800ms, 1000ms, 1200ms,
                                                            1400ms, 1600ms, 1800ms}));
    rate_limiter four(5, 4);
    EXPECT_EQ(times_of(four, 10),
              (std::vector<milliseconds>{0ms, 0ms, 0ms, 0ms, 200ms, 400ms, 600ms, 800ms, 1000ms, 1200ms}));
}

TEST(a_rate, fills_its_bucket_while_it_is_quiet_and_no_further) {
    rate_limiter three(10, 3);
    times found;
    auto const body = [&three, &found](context& ctx, int) -> task<void> {
        for (auto const pause : {0ms, 0ms, 0ms, 150ms, 0ms, 10'000ms, 0ms, 0ms, 0ms}) {
            co_await ctx.sleep_for(pause);
            co_await three.acquire(ctx);
            found.note(ctx);
        }
    };
    found.make().map(body, std::vector{0});
    EXPECT_EQ(found.of_all, (std::vector<milliseconds>{0ms, 0ms, 0ms, 150ms, 200ms, 10'200ms, 10'200ms,
                                                       10'200ms, 10'300ms}));
}

TEST(a_rate, is_given_to_those_who_wait_in_their_order) {
    rate_limiter limiter(100);
    std::vector<int> came;
    std::vector<int> went;
    times found;
    auto const body = [&](context& ctx, int n) -> task<void> {
        for (int round = 0; round < 3; ++round) {
            co_await ctx.sleep_for(milliseconds(n * 7 % 5));
            came.push_back(n);
            co_await limiter.acquire(ctx);
            went.push_back(n);
        }
    };
    found.make().map(body, std::views::iota(0, 8));
    EXPECT_EQ(went, came);
}

TEST(a_rate, loses_nothing_to_who_is_ended_while_he_waits) {
    rate_limiter limiter(1);
    times found;
    auto const body = [&](context& ctx, int n) -> task<int> {
        if (n == 1) {
            try {
                co_await ctx.with_timeout(500ms, limiter.acquire(ctx));
            } catch (timed_out const&) {
                co_return -1;
            }
        } else {
            co_await limiter.acquire(ctx);
        }
        found.note(ctx);
        co_return n;
    };
    EXPECT_EQ(found.make().map(body, std::vector{0, 1, 2, 3}), (std::vector{0, -1, 2, 3}));
    EXPECT_EQ(found.of_all, (std::vector<milliseconds>{0ms, 1000ms, 2000ms}));
}

TEST(a_rate, is_asked_for_without_waiting) {
    rate_limiter limiter(2, 2);
    times found;
    auto const body = [&](context& ctx, int) -> task<std::vector<bool>> {
        std::vector<bool> got;
        for (int n = 0; n < 6; ++n) {
            got.push_back(limiter.try_acquire(ctx));
            co_await ctx.sleep_for(250ms);
        }
        co_return got;
    };
    EXPECT_EQ(found.make().map(body, std::vector{0})[0],
              (std::vector<bool>{true, true, true, false, true, false}));
}

TEST(a_rate, must_be_one) {
    EXPECT_THROW(rate_limiter(0), std::invalid_argument);
    EXPECT_THROW(rate_limiter(-1), std::invalid_argument);
    EXPECT_THROW(rate_limiter{std::numeric_limits<double>::infinity()}, std::invalid_argument);
    EXPECT_THROW(rate_limiter{std::numeric_limits<double>::quiet_NaN()}, std::invalid_argument);
    EXPECT_THROW(rate_limiter(1, 0), std::invalid_argument);
    EXPECT_THROW(rate_limiter(1, std::numeric_limits<std::size_t>::max()), std::invalid_argument);
    EXPECT_THROW(keyed_rate_limiter<>(1, 1, between_processes{}, 0), std::invalid_argument);
    EXPECT_NO_THROW(rate_limiter(1e-9));
    EXPECT_NO_THROW(rate_limiter(1e9, 1'000'000));
}

TEST(rates_by_key, are_each_their_own) {
    keyed_rate_limiter<> hosts(5);
    times found;
    auto const body = [&](context& ctx, int n) -> task<void> {
        co_await hosts.acquire(ctx, n % 2 == 0 ? "even" : "odd");
        found.note(ctx);
    };
    found.make().map(body, std::views::iota(0, 6));
    EXPECT_EQ(found.of_all, (std::vector<milliseconds>{0ms, 0ms, 200ms, 200ms, 400ms, 400ms}));
    EXPECT_EQ(hosts.size(), 2u);
}

TEST(rates_by_key, are_forgotten_when_they_are_as_new_and_not_before) {
    keyed_rate_limiter<int> keys(1);
    times found;
    auto const body = [&](context& ctx, int) -> task<std::vector<std::size_t>> {
        std::vector<std::size_t> sizes;
        std::size_t got = 0;
        for (int round = 0; round < 2; ++round) {
            for (int key = 0; key < 1000; ++key)
                got += keys.try_acquire(ctx, key);
            sizes.push_back(keys.size());
        }
        sizes.push_back(got);
        for (int second = 0; second < 3; ++second) {
            co_await ctx.sleep_for(2s);
            for (int key = 0; key < 2000; ++key)
                keys.try_acquire(ctx, 10'000 * second + key);
        }
        co_await ctx.sleep_for(2s);
        for (int key = -1; key > -5000; --key) {
            keys.try_acquire(ctx, key);
            co_await ctx.sleep_for(1s);
        }
        sizes.push_back(keys.size());
        co_return sizes;
    };
    auto const sizes = found.make().map(body, std::vector{0})[0];
    EXPECT_EQ(sizes[0], 1000u);
    EXPECT_EQ(sizes[1], 1000u);
    EXPECT_EQ(sizes[2], 1000u) << "a key was forgotten that had no token";
    EXPECT_LE(sizes[3], 64u);
}

TEST(rates_by_key, are_kept_for_who_waits) {
    keyed_rate_limiter<int> keys(1);
    times found;
    auto const body = [&](context& ctx, int n) -> task<void> {
        if (n < 3) {
            co_await keys.acquire(ctx, 7);
            found.note(ctx);
            co_return;
        }
        co_await ctx.sleep_for(1500ms);
        for (int key = 1000; key < 1500; ++key)
            keys.try_acquire(ctx, key);
    };
    found.make().map(body, std::views::iota(0, 4));
    EXPECT_EQ(found.of_all, (std::vector<milliseconds>{0ms, 1000ms, 2000ms}));
}

TEST(rates_by_key_between_processes, are_each_their_own_by_the_clock_of_the_fake) {
    keyed_rate_limiter<> hosts(5, 2, between_processes{});
    times found;
    auto const body = [&](context& ctx, int n) -> task<void> {
        co_await hosts.acquire(ctx, n % 2 == 0 ? "even" : "odd");
        found.note(ctx);
    };
    found.make().map(body, std::views::iota(0, 8));
    EXPECT_EQ(found.of_all, (std::vector<milliseconds>{0ms, 0ms, 0ms, 0ms, 200ms, 200ms, 400ms, 400ms}));
}

TEST(rates_by_key_between_processes, are_lost_to_nobody_who_comes_after_all_that_waited_were_ended) {
    keyed_rate_limiter<> hosts(1, 1, between_processes{});
    times found;
    auto const body = [&](context& ctx, int n) -> task<void> {
        if (n == 5) co_await ctx.sleep_for(1500ms);
        auto const limit = n == 0 || n == 5 ? 10s : 500ms;
        try {
            co_await ctx.with_timeout(limit, hosts.acquire(ctx, "one"));
            found.note(ctx);
        } catch (timed_out const&) {
        }
    };
    found.make().map(body, std::views::iota(0, 6));
    EXPECT_EQ(found.of_all, (std::vector<milliseconds>{0ms, 1500ms}));
}

TEST(rates_by_key_between_processes, leave_others_their_times_when_one_is_ended) {
    keyed_rate_limiter<> hosts(1, 1, between_processes{});
    times found;
    auto const body = [&](context& ctx, int n) -> task<void> {
        if (n == 4) co_await ctx.sleep_for(2500ms);
        try {
            co_await ctx.with_timeout(n == 1 ? 500ms : 10s, hosts.acquire(ctx, "one"));
            found.note(ctx);
        } catch (timed_out const&) {
        }
    };
    found.make().map(body, std::views::iota(0, 5));
    EXPECT_EQ(found.of_all, (std::vector<milliseconds>{0ms, 2000ms, 3000ms, 4000ms}));
}

TEST(rates_by_key_between_processes, are_not_exceeded_by_more_keys_than_there_is_room_for) {
    keyed_rate_limiter<int> keys(1, 1, between_processes{}, 8);
    times found;
    auto const body = [&](context& ctx, int) -> task<int> {
        int got = 0;
        for (int round = 0; round < 3; ++round) {
            for (int key = 0; key < 100; ++key)
                got += keys.try_acquire(ctx, key);
        }
        co_return got;
    };
    EXPECT_EQ(found.make().map(body, std::vector{0})[0], 16);
}

TEST_P(limited_rates_in_processes, are_never_exceeded_together) {
    keyed_rate_limiter<> hosts(200, 2, between_processes{});
    auto executor = make();
    auto const began = steady_clock::now();
    auto const body = [&](context& ctx, int n) -> task<void> {
        co_await hosts.acquire(ctx, n % 2 == 0 ? "even" : "odd");
    };
    executor.map(body, std::views::iota(0, 16));
    hosts.acquire("odd");
    EXPECT_GE(steady_clock::now() - began, 7 * 5ms);
    EXPECT_LE(hosts.size(), 2u);
}

TEST_P(limited_rates_in_processes, are_waited_for_until_a_stop) {
    keyed_rate_limiter<> hosts(1e-6, 1, between_processes{});
    hosts.acquire("one");
    auto executor = make();
    std::stop_source source;
    std::jthread const stopper([&] {
        std::this_thread::sleep_for(5ms);
        source.request_stop();
    });
    auto const body = [&](context& ctx, int) -> task<void> { co_await hosts.acquire(ctx, "one"); };
    for (auto const& each : executor.try_map(body, std::vector{0, 1, 2}, {.stop = source.get_token()})) {
        ASSERT_FALSE(each.has_value());
        EXPECT_EQ(each.error().why, cause::cancelled);
    }
    EXPECT_FALSE(hosts.try_acquire("one"));
    EXPECT_FALSE(hosts.acquire_for(1s, "one")) << "that would be in eleven days";
    EXPECT_TRUE(hosts.acquire_for(0s, "another"));
}

TEST_P(limited_rates, let_all_through_in_the_end) {
    rate_limiter limiter(2000, 3);
    keyed_rate_limiter<> by_key(2000, 3);
    auto executor = make();
    auto const body = [&](context& ctx, int n) -> task<int> {
        co_await limiter.acquire(ctx);
        co_await by_key.acquire(ctx, std::to_string(n % 3));
        co_return n;
    };
    EXPECT_EQ(executor.map(body, std::views::iota(0, 30)).size(), 30u);
}

TEST_P(limited_rates_by_a_real_clock, are_never_exceeded) {
    rate_limiter limiter(200, 2);
    auto executor = make();
    auto const began = steady_clock::now();
    auto const body = [&](context& ctx, int) -> task<void> { co_await limiter.acquire(ctx); };
    executor.map(body, std::views::iota(0, 8));
    limiter.acquire();
    EXPECT_GE(steady_clock::now() - began, 7 * 5ms);
}

TEST_P(limited_rates_by_a_real_clock, are_waited_for_until_a_stop) {
    rate_limiter limiter(1e-6);
    limiter.acquire();
    auto executor = make();
    std::stop_source source;
    std::jthread const stopper([&] {
        std::this_thread::sleep_for(5ms);
        source.request_stop();
    });
    auto const body = [&](context& ctx, int) -> task<void> { co_await limiter.acquire(ctx); };
    for (auto const& each : executor.try_map(body, std::vector{0, 1, 2}, {.stop = source.get_token()})) {
        ASSERT_FALSE(each.has_value());
        EXPECT_EQ(each.error().why, cause::cancelled);
    }
}

TEST(a_rate, holds_for_threads) {
    rate_limiter limiter(500, 5);
    auto const began = steady_clock::now();
    {
        std::vector<std::jthread> threads;
        for (int n = 0; n < 3; ++n) {
            threads.emplace_back([&] {
                for (int round = 0; round < 5; ++round)
                    limiter.acquire();
            });
        }
    }
    EXPECT_GE(steady_clock::now() - began, 10 * 2ms);
    rate_limiter slow(1e-3);
    EXPECT_TRUE(slow.try_acquire());
    EXPECT_FALSE(slow.try_acquire());
    EXPECT_FALSE(slow.acquire_for(1s)) << "that would be in a thousand seconds";
    EXPECT_FALSE(slow.acquire_for(0s));
}

}  // namespace
}  // namespace quartet::conformance::rate_limiter_test
