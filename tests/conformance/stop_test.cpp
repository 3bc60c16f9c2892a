// One contract for stopping: what waits ends early with `cancelled`, what has not begun does not begin, and
// nothing hangs. Bodies here would run for ever, so a stop that gets lost is a test that never ends.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <algorithm>
#include <chrono>
#include <stop_token>
#include <thread>

namespace quartet::conformance {
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
    auto const outcomes = stop_in_the_middle(executor, body);
    auto const answered = std::ranges::count_if(outcomes, [](auto const& each) { return each.has_value(); });
    EXPECT_GE(answered, 1);
    for (auto const& each : outcomes) {
        if (each) {
            EXPECT_EQ(*each, "cancelled");
        } else {
            EXPECT_EQ(each.error().why, cause::cancelled);
        }
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
}  // namespace quartet::conformance
