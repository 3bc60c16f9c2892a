// Calls that bodies make of their context, in every model: the same values everywhere, to any depth and
// width; a stop, a time limit and an exception go through them, and none outlives its body.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <numeric>
#include <ranges>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::conformance::nested_test {
namespace {

using namespace std::chrono_literals;

class nested : public any_model {
protected:
    template <class Body, class... Args>
    auto run(Body body, Args... args) {
        auto how = make();
        return how.submit(body, args...).get();
    }

    /// Deep enough to use up several stacks; ThreadSanitizer has room for 64K frames of a thread.
    static constexpr int depth = !with_processes ? 2'000 : sanitized ? 10'000 : 60'000;
};
QUARTET_SUITE(nested, all_rows());

class nested_in_one_process : public nested {};
QUARTET_SUITE(nested_in_one_process, rows_with(&model_traits::shares_memory));

class nested_on_a_loop : public nested {};
QUARTET_SUITE(nested_on_a_loop, rows_where(&row::on_loops));

class nested_between_threads : public nested {};
QUARTET_SUITE(nested_between_threads, rows_where([](row const& each) { return each.name == "threads_3"; }));

class nested_between_loops : public nested {};
QUARTET_SUITE(nested_between_loops,
              rows_where([](row const& each) { return each.name == "threads_2_async_7"; }));

int add(int a, int b) {
    return a + b;
}

task<int> add_later(context& ctx, int a, int b) {
    co_await ctx.sleep_for(1ms);
    co_return a + b;
}

task<long> fibonacci(context& ctx, int n) {
    if (n < 2) co_return n;
    auto left = ctx.submit(fibonacci, n - 1);
    long const right = co_await fibonacci(ctx, n - 2);
    co_return co_await left + right;
}

long plain_fibonacci(context& ctx, int n) {
    if (n < 2) return n;
    auto left = ctx.submit(plain_fibonacci, n - 1);
    auto right = ctx.submit(plain_fibonacci, n - 2);
    return left.get() + right.get();
}

TEST_P(nested, values_are_those_of_plain_calls) {
    EXPECT_EQ(run(fibonacci, 15), 610);
    EXPECT_EQ(run(plain_fibonacci, 15), 610);
}

TEST_P(nested, several_roots_split_their_work_at_the_same_time) {
    auto how = make();
    EXPECT_EQ(how.map(fibonacci, std::vector(20, 10)), std::vector<long>(20, 55));
    EXPECT_EQ(how.map(plain_fibonacci, std::vector(20, 10)), std::vector<long>(20, 55));
}

TEST_P(nested, calls_are_awaited_in_any_order) {
    auto const body = [](context& ctx, int n) -> task<int> {
        std::vector<nested_call<int>> calls;
        for (int i = 0; i < n; ++i)
            calls.push_back(i % 2 ? ctx.submit(add, i, 1) : ctx.submit(add_later, i, 1));
        int sum = 0;
        for (int i = 0; i < n; i += 3)
            sum += co_await calls[static_cast<std::size_t>(i)];
        for (auto& each : calls | std::views::reverse) {
            if (each.valid()) sum += co_await each;
        }
        co_return sum;
    };
    EXPECT_EQ(run(body, 40), 40 * 41 / 2);
}

TEST_P(nested, functions_without_a_context_and_text) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        char const* const text = "seven";
        auto call = ctx.submit([](std::string const& of) { return of + "!"; }, text);
        co_return co_await call;
    };
    EXPECT_EQ(run(body, 0), "seven!");
}

TEST_P(nested, nothing_is_given_too) {
    shared_counter ran;
    auto const body = [](context& ctx, counter_reference counts) -> task<int> {
        co_await ctx.submit([](counter_reference each) { ++*each; }, counts);
        co_await ctx.submit(
            [](context& inner, counter_reference each) -> task<void> {
                co_await inner.yield();
                ++*each;
            },
            counts);
        co_await ctx.map([](counter_reference each) { ++*each; }, std::vector(5, counts));
        co_return 0;
    };
    run(body, &ran);
    EXPECT_EQ(*ran, 7u);
}

TEST_P(nested, a_map_gives_results_in_order) {
    auto const body = [](context& ctx, int n) -> task<std::vector<int>> {
        auto const once = co_await ctx.map([](int of) { return 2 * of; }, std::views::iota(0, n));
        co_return co_await ctx.map(
            [](context& inner, int of) -> task<int> {
                co_await inner.yield();
                co_return of + 1;
            },
            once);
    };
    auto const made = run(body, 500);
    ASSERT_EQ(made.size(), 500u);
    for (int i = 0; i < 500; ++i)
        EXPECT_EQ(made[static_cast<std::size_t>(i)], 2 * i + 1);
    EXPECT_TRUE(run(body, 0).empty());
}

TEST_P(nested, a_map_in_a_plain_function) {
    auto const body = [](context& ctx, int n) {
        auto const all = ctx.map([](int of) { return of; }, std::views::iota(0, n)).get();
        return std::accumulate(all.begin(), all.end(), 0);
    };
    EXPECT_EQ(run(body, 100), 4950);
}

TEST_P(nested, maps_within_maps) {
    auto const inner = [](context& ctx, int n) -> task<int> {
        auto const all = co_await ctx.map([](int of) { return of; }, std::views::iota(0, n));
        co_return std::accumulate(all.begin(), all.end(), 0);
    };
    auto const outer = [inner](context& ctx, int n) -> task<int> {
        auto const all = co_await ctx.map(inner, std::vector(20, n));
        co_return std::accumulate(all.begin(), all.end(), 0);
    };
    EXPECT_EQ(run(outer, 100), 20 * 4950);
}

task<int> deep(context& ctx, int n) {
    if (n == 0) co_return 0;
    co_return 1 + co_await ctx.submit(deep, n - 1);
}

int plainly_deep(context& ctx, int n) {
    return n == 0 ? 0 : 1 + ctx.submit(plainly_deep, n - 1).get();
}

task<int> add_after(context& ctx, std::chrono::hours pause, int a, int b) {
    co_await ctx.sleep_for(pause);
    co_return a + b;
}

struct deep_before_a_call {
    executor* how;
    std::chrono::hours pause;

    int operator()(context& ctx, int n) const {
        return n == 0 ? how->submit(add_after, pause, 1, 2).get() : 1 + ctx.submit(*this, n - 1).get();
    }
};

task<int> deep_by_maps(context& ctx, int n) {
    if (n == 0) co_return 0;
    auto const below = co_await ctx.map(deep_by_maps, std::vector(1, n - 1));
    co_return 1 + below.front();
}

TEST_P(nested, depth_of_maps_has_no_bound) {
    EXPECT_EQ(run(deep_by_maps, depth / 4), depth / 4);
}

TEST_P(nested, depth_has_no_bound) {
    EXPECT_EQ(run(deep, depth), depth);
    EXPECT_EQ(run(plainly_deep, depth), depth);
}

/// On a stack that is not that of its thread any more it is of its pool still: it helps with what it waits
/// for, or is refused if its loop would have to. There the call is far from its end, as one that another
/// loop has ended already may be taken.
TEST_P(nested_in_one_process, depth_does_not_keep_from_calls_of_the_executor) {
    auto how = make();
    deep_before_a_call const body{&how, std::chrono::hours(GetParam().on_loops ? 24 : 0)};
    auto const outcome = how.submit(body, depth).take();
    EXPECT_EQ(outcome.has_value(), !GetParam().on_loops);
    EXPECT_EQ(outcome.has_value() ? *outcome : depth + 3, depth + 3);
}

TEST_P(nested, width_has_no_bound) {
    auto const body = [](context& ctx, std::size_t n) -> task<std::size_t> {
        std::vector<nested_call<int>> calls;
        for (std::size_t i = 0; i < n; ++i)
            calls.push_back(ctx.submit(add, 1, 1));
        std::size_t sum = 0;
        for (auto& each : calls)
            sum += static_cast<std::size_t>(co_await each);
        co_return sum;
    };
    std::size_t const width = sanitized ? 10'000 : 100'000;
    EXPECT_EQ(run(body, width), 2 * width);
}

[[noreturn]] int refuse(int) {
    throw std::out_of_range("refused");
}

TEST_P(nested, what_a_call_throws_its_body_throws) {
    auto const body = [](context& ctx, bool later) -> task<std::string> {
        auto call = ctx.submit(
            [](context& inner, bool waits) -> task<int> {
                if (waits) co_await inner.sleep_for(1ms);
                throw std::out_of_range("refused");
            },
            later);
        std::string said;
        try {
            co_await call;
        } catch (std::out_of_range const& thrown) {
            said = thrown.what();
        }
        try {
            co_await ctx.submit(refuse, 1);
        } catch (std::out_of_range const& thrown) {
            said += thrown.what();
        }
        co_return said;
    };
    EXPECT_EQ(run(body, false), "refusedrefused");
    EXPECT_EQ(run(body, true), "refusedrefused");
}

TEST_P(nested, a_map_throws_every_failure) {
    auto const body = [](context& ctx, bool) -> task<std::vector<std::size_t>> {
        std::vector<std::size_t> failed;
        try {
            co_await ctx.map(
                [](int n) {
                    if (n % 3 == 0) throw std::out_of_range("three");
                    return n;
                },
                std::views::iota(0, 10));
        } catch (map_error const& all) {
            for (auto const& each : all.failures())
                failed.push_back(each.index);
        }
        co_return failed;
    };
    EXPECT_EQ(run(body, false), (std::vector<std::size_t>{0, 3, 6, 9}));
}

TEST_P(nested, a_body_that_throws_has_no_calls_left) {
    shared_counter begun, ended;
    struct both {
        counter_reference begun, ended;
    };
    auto const body = [](context& ctx, both counts) -> task<int> {
        std::vector<nested_call<int>> calls;
        for (int i = 0; i < 10; ++i)
            calls.push_back(ctx.submit(
                [](context& inner, both each) -> task<int> {
                    ++*each.begun;
                    struct leaving {
                        counter_reference count;
                        ~leaving() { ++*count; }
                    } const here{each.ended};
                    for (int turn = 0; turn < 5; ++turn)
                        co_await inner.sleep_for(1ms);
                    co_return 0;
                },
                counts));
        co_await ctx.yield();
        throw std::runtime_error("gone");
    };
    EXPECT_THROW(run(body, both{&begun, &ended}), std::runtime_error);
    EXPECT_EQ(*begun, *ended);
}

TEST_P(nested, dropped_calls_do_no_harm) {
    auto const body = [](context& ctx, int n) -> task<int> {
        for (int i = 0; i < n; ++i) {
            auto one = ctx.submit(add, i, 1);
            auto const other = ctx.submit(add_later, i, 1);
            auto third = ctx.submit(fibonacci, 3);
            one = ctx.submit(add, i, 2);
            if (i % 2) co_await third;
        }
        co_return n;
    };
    EXPECT_EQ(run(body, 50), 50);
}

TEST_P(nested, dropped_calls_are_gone_while_their_body_goes_on) {
    shared_counter alive;
    auto const body = [](context& ctx, counter_reference count) -> task<std::size_t> {
        auto const wait = [](context& inner, counter_reference each) -> task<int> {
            struct present {
                counter_reference count;
                explicit present(counter_reference in) : count(in) { ++*count; }
                ~present() { --*count; }
            } const here(each);
            co_await inner.sleep_for(1ms);
            co_return 0;
        };
        for (int i = 0; i < 200; ++i) {
            static_cast<void>(ctx.submit(wait, count));
            co_await ctx.yield();
        }
        co_await ctx.sleep_for(20ms);
        co_return count->load();
    };
    EXPECT_EQ(run(body, &alive), 0u);
}

TEST_P(nested, a_forked_child_ends_with_the_call_that_it_was_forked_in) {
    if (!may_fork_beside_threads) GTEST_SKIP() << "a fork beside threads may hang under a sanitizer";
    shared_counter went_on;
    auto const body = [](context& ctx, counter_reference count) -> task<int> {
        pid_t const self = getpid();
        pid_t const child = co_await ctx.submit([](int) { return fork(); }, 0);
        if (getpid() != self) ++*count;
        int status = 0;
        waitpid(child, &status, 0);
        co_return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    };
    EXPECT_EQ(run(body, &went_on), 0);
    EXPECT_EQ(*went_on, 0u);
}

TEST_P(nested, a_call_is_used_once) {
    auto const body = [](context& ctx, int) -> task<int> {
        int misused = 0;
        auto call = ctx.submit(add, 1, 1);
        static_cast<void>(co_await call);
        try {
            static_cast<void>(co_await call);
        } catch (std::logic_error const&) {
            ++misused;
        }
        try {
            static_cast<void>(nested_call<int>().get());
        } catch (std::logic_error const&) {
            ++misused;
        }
        co_return misused;
    };
    EXPECT_EQ(run(body, 0), 2);
}

TEST_P(nested, a_stop_goes_through_them) {
    shared_counter begun;
    auto const body = [](context& ctx, counter_reference count) -> task<int> {
        auto const wait = [](context& inner, counter_reference each) -> task<int> {
            ++*each;
            for (;;)
                co_await inner.sleep_for(24h);
        };
        auto one = ctx.submit(wait, count);
        auto other = ctx.submit(wait, count);
        co_return co_await one + co_await other;
    };
    auto how = make();
    std::stop_source source;
    std::jthread const stopper([&] {
        wait_until([&] { return *begun > 0; });
        source.request_stop();
    });
    auto const outcomes = how.try_map(body, std::vector{&begun}, {.stop = source.get_token()});
    ASSERT_FALSE(outcomes.front());
    EXPECT_EQ(outcomes.front().error().why, cause::cancelled) << outcomes.front().error().message;
}

TEST_P(nested, a_stop_ends_what_computes) {
    shared_counter begun;
    auto how = make();
    std::stop_source source;
    std::jthread const stopper([&] {
        wait_until([&] { return *begun > 0; });
        source.request_stop();
    });
    auto const body = [](context& ctx, counter_reference count) {
        ++*count;
        for (;;)
            static_cast<void>(ctx.submit(plain_fibonacci, 5).get());
        return 0;
    };
    auto const outcomes = how.try_map(body, std::vector{&begun}, {.stop = source.get_token()});
    ASSERT_FALSE(outcomes.front());
}

TEST_P(nested, a_time_limit_goes_through_them) {
    auto const body = [](context& ctx, int) -> task<int> {
        auto const wait = [](context& inner) -> task<int> {
            co_await inner.sleep_for(24h);
            co_return 0;
        };
        auto const part = [wait](context& here) -> task<int> { co_return co_await here.submit(wait); };
        try {
            co_return co_await ctx.with_timeout(20ms, part(ctx));
        } catch (timed_out const&) {
            co_return 7;
        }
    };
    EXPECT_EQ(run(body, 0), 7);
    auto const maps = [](context& ctx, int) -> task<int> {
        auto const wait = [](context& inner, int) -> task<int> {
            co_await inner.sleep_for(24h);
            co_return 0;
        };
        auto const part = [wait](context& here) -> task<int> {
            co_return static_cast<int>((co_await here.map(wait, std::vector(1, 1))).size());
        };
        try {
            co_return co_await ctx.with_timeout(20ms, part(ctx));
        } catch (std::exception const&) {
            co_return 7;
        }
    };
    EXPECT_EQ(run(maps, 0), 7);
}

TEST_P(nested_on_a_loop, coroutines_go_on_at_the_same_time) {
    auto const body = [](context& ctx, int n) -> task<int> {
        // Each waits for the one after it, so one after another they would wait for ever.
        std::deque<event> reached(10);
        auto const meet = [all = &reached](context& inner, std::size_t number) -> task<int> {
            if (number + 1 < all->size()) co_await (*all)[number + 1].wait(inner);
            (*all)[number].set();
            co_return 1;
        };
        int sum = 0;
        std::vector<nested_call<int>> calls;
        for (std::size_t i = 0; i < reached.size(); ++i)
            calls.push_back(ctx.submit(meet, i));
        for (auto& each : calls)
            sum += co_await each;
        co_return sum + n;
    };
    EXPECT_EQ(run(body, 0), 10);
}

TEST_P(nested_on_a_loop, a_function_cannot_wait_for_a_coroutine) {
    // Far from its end: what another loop has ended already may be taken.
    static constexpr auto never = [](context& ctx, int n) { return add_after(ctx, 24h, n, 1); };
    auto const body = [](context& ctx, int n) { return ctx.submit(never, n).get(); };
    EXPECT_THROW(run(body, 0), std::logic_error);
    auto const maps = [](context& ctx, int n) { return ctx.map(never, std::vector{n}).get().front(); };
    EXPECT_THROW(run(maps, 1), std::logic_error);
    auto const takes = [](context& ctx, int n) -> task<int> { co_return ctx.submit(never, n).get(); };
    EXPECT_THROW(run(takes, 0), std::logic_error);
    auto const takes_all = [](context& ctx, int n) -> task<int> {
        co_return ctx.map(never, std::vector(2, n)).get().front();
    };
    EXPECT_THROW(run(takes_all, 1), std::logic_error);
}

TEST_P(nested_on_a_loop, one_part_of_a_body_awaits_a_call) {
    auto const body = [](context& ctx, int n) -> task<int> {
        auto call = ctx.submit(add_later, n, 1);
        auto const wait = [](nested_call<int>& which) -> task<int> { co_return co_await which; };
        auto const [one, other] = co_await when_all(wait(call), wait(call));
        co_return one + other;
    };
    EXPECT_THROW(run(body, 1), std::logic_error);
}

// A thread that has nothing to do takes a call, while its body goes on: each waits for the other.
TEST_P(nested_between_threads, idle_threads_take_them) {
    shared_counter met;
    auto const meet = [](counter_reference count) {
        ++*count;
        wait_until([&] { return *count == 3; });
        return std::this_thread::get_id() == std::thread::id();
    };
    auto const body = [meet](context& ctx, counter_reference count) -> task<int> {
        auto one = ctx.submit(meet, count);
        auto other = ctx.submit(meet, count);
        meet(count);
        static_cast<void>(co_await one);
        static_cast<void>(co_await other);
        co_return 0;
    };
    auto how = make();
    for (int round = 0; round < 20; ++round) {
        *met = 0;
        how.submit(body, &met).get();
    }
}

// So they do with the parts of a map.
TEST_P(nested_between_threads, idle_threads_share_a_map) {
    shared_counter met;
    auto const body = [](context& ctx, counter_reference count) -> task<std::size_t> {
        auto const names = co_await ctx.map(
            [](context& inner, counter_reference each) {
                ++*each;
                wait_until([&] { return *each >= 3; });
                return inner.where().name;
            },
            std::vector(30, count));
        co_return std::set<std::string>(names.begin(), names.end()).size();
    };
    EXPECT_EQ(run(body, &met), 3u);
}

// A loop that has nothing to do takes a coroutine that another's body has called: each holds its loop until
// the other has begun.
TEST_P(nested_between_loops, idle_loops_take_them) {
    shared_counter met;
    auto const meet = [](context& ctx, counter_reference count) -> task<std::string> {
        ++*count;
        wait_until([&] { return *count == 2; });
        co_await ctx.yield();
        co_return ctx.where().name;
    };
    auto const body = [meet](context& ctx, counter_reference count) -> task<bool> {
        auto one = ctx.submit(meet, count);
        auto other = ctx.submit(meet, count);
        co_return co_await one != co_await other&& ctx.where().name != "";
    };
    auto how = make();
    for (int round = 0; round < 50; ++round) {
        *met = 0;
        EXPECT_TRUE(how.submit(body, &met).get());
    }
}

TEST_P(nested_between_loops, idle_loops_share_a_map) {
    shared_counter met;
    auto const body = [](context& ctx, counter_reference count) -> task<std::size_t> {
        auto const names = co_await ctx.map(
            [](context& inner, counter_reference each) -> task<std::string> {
                ++*each;
                wait_until([&] { return *each >= 2; });
                co_return inner.where().name;
            },
            std::vector(30, count));
        co_return std::set<std::string>(names.begin(), names.end()).size();
    };
    auto how = make();
    for (int round = 0; round < 50; ++round) {
        *met = 0;
        EXPECT_EQ(how.submit(body, &met).get(), 2u);
    }
}

struct away_signs {
    counter_reference begun, cancelled;
};

/// Two of it: one is on its body's loop and ends, the other is on the other loop and stays.
task<int> stay_away(context& ctx, std::string home, away_signs signs) {
    ++*signs.begun;
    wait_until([&] { return *signs.begun == 2; });
    if (ctx.where().name == home) co_return 1;
    try {
        co_await ctx.sleep_for(24h);
    } catch (cancelled const&) {
        ++*signs.cancelled;
        throw;
    }
    co_return 2;
}

TEST_P(nested_between_loops, one_that_is_dropped_is_cancelled_where_it_is) {
    auto const body = [](context& ctx, away_signs signs) -> task<int> {
        auto one = ctx.submit(stay_away, ctx.where().name, signs);
        auto other = ctx.submit(stay_away, ctx.where().name, signs);
        while (!one.done() && !other.done())
            co_await ctx.yield();
        co_return co_await (one.done() ? one : other);
    };
    auto how = make();
    for (int round = 0; round < 50; ++round) {
        shared_counter begun, cancelled;
        EXPECT_EQ(how.submit(body, away_signs{&begun, &cancelled}).get(), 1);
        EXPECT_EQ(*cancelled, 1u) << "before its body was over";
    }
}

TEST_P(nested_between_loops, a_map_that_is_cancelled_is_so_on_all_loops) {
    auto const body = [](context& ctx, away_signs signs) -> task<int> {
        try {
            co_await ctx.with_timeout(200ms, [](context& within, away_signs each) -> task<int> {
                co_await within.map(
                    [](context& inner, away_signs of) -> task<int> {
                        if (++*of.begun <= 2) wait_until([&] { return *of.begun >= 2; });
                        try {
                            co_await inner.sleep_for(24h);
                        } catch (cancelled const&) {
                            ++*of.cancelled;
                            throw;
                        }
                        co_return 1;
                    },
                    std::vector(20, each));
                co_return 1;
            }(ctx, signs));
        } catch (timed_out const&) {
            co_return 2;
        }
        co_return 3;
    };
    shared_counter begun, cancelled;
    EXPECT_EQ(run(body, away_signs{&begun, &cancelled}), 2);
    EXPECT_EQ(*begun, *cancelled);
    EXPECT_GE(*begun, 2u);
}

TEST_P(nested_between_loops, a_stop_reaches_them) {
    auto how = make();
    for (int round = 0; round < 20; ++round) {
        shared_counter begun, cancelled;
        auto call = how.submit(
            [](context& ctx, away_signs signs) -> task<int> {
                auto one = ctx.submit(stay_away, "nowhere", signs);
                auto other = ctx.submit(stay_away, "nowhere", signs);
                co_return co_await one + co_await other;
            },
            away_signs{&begun, &cancelled});
        wait_until([&] { return *begun == 2; });
        call.cancel();
        EXPECT_FALSE(call.take());
        EXPECT_EQ(*cancelled, 2u);
    }
}

// A body that waits for a call does not begin other roots meanwhile: these wait for it.
TEST_P(nested_between_threads, a_body_that_waits_is_not_held_up_by_others) {
    struct signs {
        counter_reference taken, open, ended;
    };
    auto const waits = [](context& ctx, signs each) -> task<int> {
        auto call = ctx.submit(
            [](signs inner) {
                *inner.taken = 1;
                wait_until([&] { return *inner.open == 1; });
                return 1;
            },
            each);
        wait_until([&] { return *each.taken == 1; });
        int const value = co_await call;
        *each.ended = 1;
        co_return value;
    };
    auto const wait_for_it = [](signs each) {
        *each.open = 1;
        wait_until([&] { return *each.ended == 1; });
        return 1;
    };
    auto how = make();
    for (int round = 0; round < 20; ++round) {
        shared_counter taken, open, ended;
        signs const all{&taken, &open, &ended};
        auto first = how.submit(waits, all);
        wait_until([&] { return *taken == 1; });
        auto others = how.map_async(wait_for_it, std::vector(3, all));
        EXPECT_EQ(first.get(), 1);
        EXPECT_EQ(others.get(), (std::vector{1, 1, 1}));
    }
}

}  // namespace
}  // namespace quartet::conformance::nested_test
