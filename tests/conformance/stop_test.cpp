// One contract for stopping: what waits ends early with `cancelled`, what has not begun does not begin, and
// nothing hangs. Bodies here would run for ever, so a stop that gets lost is a test that never ends.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <stop_token>
#include <thread>
#include <type_traits>

namespace quartet::conformance::stop_test {
namespace {

using namespace std::chrono_literals;

class stop : public any_model {
protected:
    /// Runs `body` 20 times and requests a stop as soon as one has begun.
    template <class Body>
    auto stop_in_the_middle(executor& runs, Body body) {
        std::stop_source source;
        std::jthread const stopper([&] {
            wait_until([this] { return *begun_ > 0; });
            source.request_stop();
        });
        return runs.try_map(body, std::vector<counter_reference>(20, &begun_), {.stop = source.get_token()});
    }

    template <class T>
    static void expect_all_cancelled(std::vector<outcome<T>> const& outcomes) {
        for (auto const& each : outcomes) {
            ASSERT_FALSE(each.has_value());
            EXPECT_EQ(each.error().why, cause::cancelled) << each.error().message;
            EXPECT_TRUE(each.error().message.starts_with("cancelled")) << each.error().message;
        }
    }

    shared_counter begun_;
};
QUARTET_SUITE(stop, all_rows());

class stop_of_the_deaf : public stop {};
QUARTET_SUITE(stop_of_the_deaf, rows_with(&model_traits::can_kill));

task<int> sleep_for_ever(context& ctx, counter_reference begun) {
    ++*begun;
    for (;;)
        co_await ctx.sleep_for(24h);
}

TEST_P(stop, before_the_run_begins_no_body) {
    std::stop_source source;
    source.request_stop();
    auto executor = make();
    auto const outcomes = executor.try_map(sleep_for_ever, std::vector<counter_reference>(20, &begun_),
                                           {.stop = source.get_token()});
    EXPECT_EQ(*begun_, 0u);
    ASSERT_EQ(outcomes.size(), 20u);
    expect_all_cancelled(outcomes);
    for (std::size_t n = 0; n < 20; ++n)
        EXPECT_EQ(outcomes[n].error().index, n);
}

TEST_P(stop, ends_sleeps) {
    auto executor = make();
    expect_all_cancelled(stop_in_the_middle(executor, sleep_for_ever));
}

TEST_P(stop, ends_sleeps_that_were_to_last_for_ever) {
    auto executor = make();
    expect_all_cancelled(stop_in_the_middle(executor, [](context& ctx, counter_reference begun) -> task<int> {
        ++*begun;
        for (;;)
            co_await ctx.sleep_for(std::chrono::nanoseconds::max());
    }));
}

TEST_P(stop, leaves_the_executor_fit_for_use) {
    auto executor = make();
    for (int round = 0; round < 3; ++round) {
        expect_all_cancelled(stop_in_the_middle(executor, sleep_for_ever));
        *begun_ = 0;
        auto const sleep = [](context& ctx, int n) -> task<int> {
            co_await ctx.sleep_for(1ms);
            co_return n;
        };
        EXPECT_EQ(executor.map(sleep, std::vector{1, 2, 3}), (std::vector{1, 2, 3}));
    }
}

TEST_P(stop, comes_as_an_exception_that_a_body_may_answer) {
    auto executor = make();
    auto const body = [](context& ctx, counter_reference begun) -> task<std::string> {
        ++*begun;
        try {
            for (;;)
                co_await ctx.sleep_for(1h);
        } catch (cancelled const& stopped) {
            co_return stopped.what();
        }
    };
    // On a busy machine a worker may be ended before it has answered: then once more.
    for (bool was_killed = true; was_killed; *begun_ = 0) {
        was_killed = false;
        std::size_t answered = 0;
        for (auto const& each : stop_in_the_middle(executor, body)) {
            answered += each.has_value();
            EXPECT_TRUE(each ? *each == "cancelled" : each.error().why == cause::cancelled);
            was_killed = was_killed || (!each && each.error().message.ends_with("worker process was ended"));
        }
        EXPECT_TRUE(was_killed || answered > 0);
    }
}

TEST_P(stop, ends_further_waits_at_once) {
    auto executor = make();
    auto const body = [](context& ctx, counter_reference begun) -> task<int> {
        ++*begun;
        int caught = 0;
        while (caught < 3) {
            try {
                for (;;)
                    co_await ctx.sleep_for(1h);
            } catch (cancelled const&) {
                ++caught;
            }
        }
        co_await ctx.yield();
        throw cancelled();
    };
    expect_all_cancelled(stop_in_the_middle(executor, body));
}

// ---- Bodies that catch too much

static_assert(!std::is_base_of_v<std::exception, cancelled>, "handlers of errors let it pass");

task<int> try_for_ever(context& ctx, counter_reference begun) {
    ++*begun;
    for (;;) {
        try {
            co_await ctx.sleep_for(1h);
        } catch (std::exception const&) {
        }
    }
}

TEST_P(stop, passes_by_who_handles_all_errors) {
    auto executor = make();
    expect_all_cancelled(stop_in_the_middle(executor, try_for_ever));
}

TEST_P(stop, by_a_limit_passes_by_who_handles_all_errors) {
    auto executor = make();
    for (auto const& each :
         executor.try_map(try_for_ever, std::vector<counter_reference>(3, &begun_), {.task_timeout = 20ms}))
        EXPECT_EQ(each.error().why, cause::timed_out);
    auto const within = [](context& ctx, counter_reference begun) -> task<int> {
        try {
            co_return co_await ctx.with_timeout(20ms, try_for_ever(ctx, begun));
        } catch (timed_out const&) {
            co_return 5;
        }
    };
    EXPECT_EQ(executor.map(within, std::vector<counter_reference>{&begun_}), std::vector{5});
}

TEST_P(stop, is_an_error_to_who_wants_the_value) {
    auto executor = make();
    for (auto const& each : stop_in_the_middle(executor, sleep_for_ever))
        EXPECT_THROW(each.value(), task_error);
}

/// Swallows what ends its waits, until it is told to go.
struct deaf_until {
    task<int> operator()(context& ctx, counter_reference begun, counter_reference over) const {
        ++*begun;
        while (*over == 0) {
            try {
                co_await ctx.sleep_for(1h);
            } catch (...) {
            }
        }
        co_return 7;
    }
};

class a_body_that_swallows : public stop {
protected:
    shared_counter over_;
    std::atomic<std::size_t> named_ = 0;

    executor make_with_ears() {
        return make([this](log_record const& each) {
            if (each.line.find("deaf_until") != each.line.npos &&
                each.line.find(" goes on after 1000 of its waits have ended") != each.line.npos)
                ++named_;
        });
    }
};
QUARTET_SUITE(a_body_that_swallows, rows_where([](row const& each) {
                  return each.real_io && each.name != "single" && !each.name.starts_with("processes");
              }));

TEST_P(a_body_that_swallows, its_stop_is_named) {
    auto executor = make_with_ears();
    auto call = executor.submit(deaf_until{}, counter_reference(&begun_), counter_reference(&over_));
    wait_until([this] { return *begun_ > 0; });
    call.cancel();
    wait_until([this] { return named_ > 0; });
    *over_ = 1;
    EXPECT_EQ(call.take().value(), 7);
    EXPECT_EQ(named_, 1u);
}

TEST_P(a_body_that_swallows, its_limit_is_named) {
    auto executor = make_with_ears();
    auto call = executor.submit({.task_timeout = 5ms}, deaf_until{}, counter_reference(&begun_),
                                counter_reference(&over_));
    wait_until([this] { return named_ > 0; });
    *over_ = 1;
    EXPECT_EQ(call.take().value(), 7);
}

class a_body_that_swallows_on_a_loop : public a_body_that_swallows {};
QUARTET_SUITE(a_body_that_swallows_on_a_loop, rows_where([](row const& each) {
                  return each.real_io && each.on_loops && each.name != "async_1" &&
                         !each.name.starts_with("processes");
              }));

TEST_P(a_body_that_swallows_on_a_loop, leaves_it_to_others) {
    auto executor = make_with_ears();
    auto call = executor.submit(deaf_until{}, counter_reference(&begun_), counter_reference(&over_));
    wait_until([this] { return *begun_ > 0; });
    call.cancel();
    auto const nap = [](context& ctx, int n) -> task<int> {
        co_await ctx.sleep_for(1ms);
        co_return n;
    };
    EXPECT_EQ(executor.map(nap, std::vector{1, 2, 3, 4}), (std::vector{1, 2, 3, 4}));
    *over_ = 1;
    EXPECT_EQ(call.take().value(), 7);
}

/// A body that a kill may reach before it has answered; either way it ended.
void expect_ended(std::vector<outcome<int>> const& outcomes) {
    EXPECT_TRUE(std::ranges::all_of(
        outcomes, [](auto const& each) { return each ? *each == 7 : each.error().why == cause::cancelled; }));
    EXPECT_TRUE(std::ranges::any_of(outcomes, [](auto const& each) { return !each || *each == 7; }));
}

TEST_P(stop, is_seen_by_bodies_that_compute) {
    auto executor = make();
    expect_ended(stop_in_the_middle(executor, [](context& ctx, counter_reference begun) -> task<int> {
        ++*begun;
        while (!ctx.stop_requested())
            std::this_thread::yield();
        co_return 7;
    }));
}

TEST_P(stop, is_seen_through_a_token) {
    auto executor = make();
    for (int round = 0; round < 2; ++round) {
        *begun_ = 0;
        expect_ended(stop_in_the_middle(executor, [](context& ctx, counter_reference begun) -> task<int> {
            auto const token = ctx.stop_token();
            ++*begun;
            while (!token.stop_requested())
                std::this_thread::yield();
            co_return 7;
        }));
        EXPECT_EQ(
            executor.map([](context& ctx,
                            int n) -> task<int> { co_return ctx.stop_token().stop_requested() ? -1 : n; },
                         std::vector{5}),
            std::vector{5});
    }
}

TEST_P(stop, of_a_map_is_an_error_with_all_tasks) {
    std::stop_source source;
    source.request_stop();
    auto executor = make();
    try {
        executor.map([](int n) { return n; }, std::vector{1, 2, 3}, {.stop = source.get_token()});
        FAIL() << "nothing was thrown";
    } catch (map_error const& error) {
        EXPECT_EQ(error.failures().size(), 3u);
        EXPECT_EQ(error.failures()[0].why, cause::cancelled);
    }
}

TEST_P(stop, that_comes_too_late_changes_nothing) {
    std::stop_source source;
    auto executor = make();
    EXPECT_EQ(executor.map([](int n) { return n; }, std::vector{1, 2}, {.stop = source.get_token()}),
              (std::vector{1, 2}));
    source.request_stop();
    EXPECT_EQ(executor.map([](int n) { return n; }, std::vector{3}), std::vector{3});
}

TEST_P(stop, may_come_at_any_moment) {
    auto executor = make();
    for (int round = 0; round < (sanitized ? 10 : 50); ++round) {
        std::stop_source source;
        std::jthread const stopper([&] {
            std::this_thread::sleep_for(std::chrono::microseconds(round * 20));
            source.request_stop();
        });
        auto const outcomes =
            executor.try_map([](int n) { return n; }, std::views::iota(0, 40), {.stop = source.get_token()});
        for (int n = 0; n < 40; ++n) {
            auto const& each = outcomes[static_cast<std::size_t>(n)];
            ASSERT_TRUE(each ? *each == n : each.error().why == cause::cancelled);
        }
    }
}

TEST_P(stop_of_the_deaf, kills_them_and_only_them) {
    auto executor = make();
    auto const deaf = [](counter_reference begun) -> int {
        ++*begun;
        for (;;)
            std::this_thread::sleep_for(10ms);
    };
    expect_all_cancelled(stop_in_the_middle(executor, deaf));
    EXPECT_EQ(executor.map([](int n) { return n; }, std::vector{1, 2, 3, 4}), (std::vector{1, 2, 3, 4}));
}

}  // namespace
}  // namespace quartet::conformance::stop_test
