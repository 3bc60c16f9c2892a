// Several things at once within one body, in every model: they give the same values everywhere; on a loop
// they overlap, in a blocking context they go one after another.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <chrono>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <variant>

namespace quartet::conformance::structured_test {
namespace {

using namespace std::chrono_literals;

class structured : public any_model {
protected:
    /// What a body gives that takes nothing to work on.
    template <class Body>
    auto run_one(Body body, executor&& how) {
        return how.map(body, std::vector{0}).front();
    }
    template <class Body>
    auto run_one(Body body) {
        return run_one(body, make());
    }
};
QUARTET_SUITE(structured, all_rows());

class structured_on_a_loop : public structured {};
QUARTET_SUITE(structured_on_a_loop, rows_where(&row::on_loops));

class structured_with_real_io : public structured {};
QUARTET_SUITE(structured_with_real_io, rows_with_real_io());

class structured_and_blocking : public structured {};
QUARTET_SUITE(structured_and_blocking, rows_where(std::not_fn(&row::on_loops)));

task<int> later(context& ctx, std::chrono::milliseconds delay, int value) {
    co_await ctx.sleep_for(delay);
    co_return value;
}

task<int> fail_later(context& ctx, std::chrono::milliseconds delay, std::string why) {
    co_await ctx.sleep_for(delay);
    throw std::out_of_range(why);
}

/// Counts itself in and out, whatever happens.
class counted {
public:
    counted(counter_reference in, counter_reference out) : out_(out) { ++*in; }
    counted(counted const&) = delete;
    ~counted() { ++*out_; }

private:
    counter_reference out_;
};

struct counters {
    counter_reference in, out;
};

task<int> counted_later(context& ctx, counters each, std::chrono::milliseconds delay) {
    counted const here(each.in, each.out);
    co_await ctx.sleep_for(delay);
    co_return 1;
}

TEST_P(structured, all_values_come_in_order) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        auto const [a, b, c] = co_await when_all(later(ctx, 3ms, 1), later(ctx, 1ms, 2),
                                                 ctx.offload([] { return std::string("three"); }));
        co_return std::to_string(a) + std::to_string(b) + c;
    };
    EXPECT_EQ(run_one(body), "12three");
}

TEST_P(structured, all_of_one_may_be_all_of_two) {
    auto const body = [](context& ctx, int) -> task<int> {
        auto const both = co_await when_all(when_all(later(ctx, 0ms, 1), later(ctx, 0ms, 2)));
        co_return std::get<0>(std::get<0>(both)) + std::get<1>(std::get<0>(both));
    };
    EXPECT_EQ(run_one(body), 3);
}

TEST_P(structured, executors_outlive_the_time_limit_that_they_were_made_in) {
    auto const body = [](context& ctx, int) -> task<int> {
        std::optional<executor> made;
        auto const make_one = [](context& within, std::optional<executor>& place) -> task<void> {
            place.emplace(make_executor(may_fork_beside_threads ? "processes:1" : "threads:1"));
            co_await within.sleep_for(1h);
        };
        try {
            co_await ctx.with_timeout(5ms, make_one(ctx, made));
        } catch (timed_out const&) {
        }
        auto const inner = [](context& within, int n) -> task<int> {
            co_await within.sleep_for(1ms);
            co_return n;
        };
        co_return made->map(inner, std::vector{5}).front();
    };
    EXPECT_EQ(run_one(body), 5);
}

TEST_P(structured, all_of_operations_without_values) {
    auto const body = [](context& ctx, int) -> task<int> {
        auto const nothing = co_await when_all(ctx.sleep_for(1ms), ctx.yield());
        static_assert(std::is_same_v<decltype(nothing), std::tuple<std::monostate, std::monostate> const>);
        co_await when_all();
        co_return 7;
    };
    EXPECT_EQ(run_one(body), 7);
}

TEST_P(structured, gathers_a_range) {
    auto const body = [](context& ctx, int count) -> task<std::vector<int>> {
        std::vector<task<int>> tasks;
        for (int n = 0; n < count; ++n)
            tasks.push_back(later(ctx, std::chrono::milliseconds(n % 3), n));
        co_return co_await gather(std::move(tasks));
    };
    auto const values = make().map(body, std::vector{0, 1, 100});
    EXPECT_TRUE(values[0].empty());
    ASSERT_EQ(values[2].size(), 100u);
    for (int n = 0; n < 100; ++n)
        EXPECT_EQ(values[2][static_cast<std::size_t>(n)], n);
}

TEST_P(structured, gathers_what_has_no_value) {
    auto const body = [](context& ctx, int) -> task<int> {
        std::vector<task<void>> tasks;
        for (int n = 0; n < 3; ++n)
            tasks.push_back([](context& inner) -> task<void> { co_await inner.yield(); }(ctx));
        co_await gather(std::move(tasks));
        co_return 1;
    };
    EXPECT_EQ(run_one(body), 1);
}

TEST_P(structured, values_may_be_move_only) {
    auto const body = [](context& ctx, int) -> task<int> {
        auto const make_one = [](context& inner, int n) -> task<std::unique_ptr<int>> {
            co_await inner.yield();
            co_return std::make_unique<int>(n);
        };
        auto [a, b] = co_await when_all(make_one(ctx, 3), make_one(ctx, 4));
        auto first = co_await when_any(make_one(ctx, 5), ctx.sleep_for(1h));
        co_return *a** b + *std::get<0>(first);
    };
    EXPECT_EQ(run_one(body), 17);
}

TEST_P(structured, a_failure_ends_the_others_and_is_thrown) {
    shared_counter in, out;
    auto const body = [counts = counters{&in, &out}](context& ctx, int) -> task<int> {
        try {
            co_await when_all(counted_later(ctx, counts, 1ms), fail_later(ctx, 5ms, "the second"),
                              counted_later(ctx, counts, 1h), fail_later(ctx, 1h, "the last"));
        } catch (std::out_of_range const& thrown) {
            // Children have ended before the body goes on.
            co_return thrown.what() == std::string("the second") && *counts.in == *counts.out;
        }
        co_return -1;
    };
    EXPECT_EQ(run_one(body), 1);
    EXPECT_EQ(*in, *out);
    EXPECT_GE(*in, 1u);
}

TEST_P(structured, a_failure_in_a_gathered_range_is_thrown) {
    auto const body = [](context& ctx, int) -> task<int> {
        std::vector<task<int>> tasks;
        for (int n = 0; n < 10; ++n)
            tasks.push_back(n == 4 ? fail_later(ctx, 1ms, "four") : later(ctx, n < 4 ? 0ms : 1h, n));
        co_return (co_await gather(std::move(tasks))).front();
    };
    auto const outcome = make().try_map(body, std::vector{0}).front();
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().why, cause::threw);
    EXPECT_EQ(outcome.error().message, "four");
}

TEST_P(structured_on_a_loop, children_overlap) {
    // None ends before all have begun.
    auto const body = [](context& ctx, int) -> task<int> {
        auto const meet = [](context& within, int& here) -> task<int> {
            ++here;
            while (here < 50)
                co_await within.sleep_for(1ms);
            co_return 1;
        };
        int here = 0;
        std::vector<task<int>> tasks;
        for (int n = 0; n < 50; ++n)
            tasks.push_back(meet(ctx, here));
        auto const ends = co_await gather(std::move(tasks));
        co_return std::accumulate(ends.begin(), ends.end(), 0);
    };
    EXPECT_EQ(run_one(body), 50);
}

TEST_P(structured_on_a_loop, the_first_to_end_is_the_one) {
    shared_counter in, out;
    auto const body = [counts = counters{&in, &out}](context& ctx, int) -> task<int> {
        auto const first = co_await when_any(counted_later(ctx, counts, 1h), later(ctx, 5ms, 42),
                                             ctx.sleep_for(2h), counted_later(ctx, counts, 3h));
        if (*counts.in != *counts.out) co_return -1;
        co_return first.index() == 1 ? std::get<1>(first) : static_cast<int>(first.index());
    };
    EXPECT_EQ(run_one(body), 42);
    EXPECT_EQ(*in, 2u);
}

TEST_P(structured_on_a_loop, the_first_may_be_a_failure) {
    auto const body = [](context& ctx, int) -> task<int> {
        co_await when_any(ctx.sleep_for(1h), fail_later(ctx, 1ms, "first"));
        co_return 0;
    };
    EXPECT_EQ(make().try_map(body, std::vector{0}).front().error().message, "first");
}

TEST_P(structured_and_blocking, the_first_of_any_is_the_one) {
    shared_counter in, out;
    auto const body = [counts = counters{&in, &out}](context& ctx, int) -> task<int> {
        auto const first = co_await when_any(later(ctx, 5ms, 42), counted_later(ctx, counts, 0ms));
        co_return std::get<0>(first);
    };
    EXPECT_EQ(run_one(body), 42);
    EXPECT_EQ(*in, 0u) << "the second began";
}

TEST_P(structured, time_limits_that_are_not_reached_change_nothing) {
    auto const body = [](context& ctx, int n) -> task<int> {
        int const value = co_await ctx.with_timeout(1h, later(ctx, 1ms, n));
        co_await ctx.with_timeout(1h, ctx.sleep_for(1ms));
        co_await ctx.with_timeout(std::chrono::nanoseconds::max(), ctx.yield());
        co_return value;
    };
    EXPECT_EQ(make().map(body, std::vector{1, 2, 3}), (std::vector{1, 2, 3}));
}

TEST_P(structured, time_limits_end_a_sleep) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        try {
            co_await ctx.with_timeout(20ms, later(ctx, 1h, 1));
        } catch (timed_out const& late) {
            co_return late.what();
        }
        co_return "in time";
    };
    EXPECT_EQ(run_one(body), "timed out after 0.02 s");
}

TEST_P(structured, the_inner_of_two_time_limits_says_so_only_if_it_was_the_one) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        std::string heard;
        auto const inner = [](context& within, std::string& say) -> task<int> {
            try {
                co_await within.with_timeout(1h, within.sleep_for(2h));
            } catch (timed_out const&) {
                say += "inner ";
                throw;
            }
            co_return 0;
        };
        try {
            co_await ctx.with_timeout(10ms, inner(ctx, heard));
        } catch (timed_out const& late) {
            heard += late.what();
        }
        try {
            co_await ctx.with_timeout(1h, ctx.with_timeout(10ms, ctx.sleep_for(2h)));
        } catch (timed_out const& late) {
            heard += std::string(", ") + late.what();
        }
        co_return heard;
    };
    EXPECT_EQ(run_one(body), "timed out after 0.01 s, timed out after 0.01 s");
}

TEST_P(structured, a_child_may_answer_a_time_limit_with_a_value) {
    auto const body = [](context& ctx, int) -> task<int> {
        auto const stubborn = [](context& within) -> task<int> {
            try {
                co_await within.sleep_for(1h);
            } catch (cancelled const&) {
            }
            co_return within.stop_requested() ? 5 : -1;
        };
        co_return co_await ctx.with_timeout(10ms, stubborn(ctx));
    };
    EXPECT_EQ(run_one(body), 5);
}

TEST_P(structured, after_a_time_limit_the_body_goes_on_as_before) {
    auto const body = [](context& ctx, int n) -> task<int> {
        for (int round = 0; round < 3; ++round) {
            try {
                co_await ctx.with_timeout(1ms, ctx.sleep_for(1h));
                co_return -1;
            } catch (timed_out const&) {
            }
            if (ctx.stop_requested()) co_return -2;
            co_await ctx.sleep_for(1ms);
        }
        co_return n;
    };
    EXPECT_EQ(make().map(body, std::vector{1, 2, 3}), (std::vector{1, 2, 3}));
}

TEST_P(structured, a_stop_of_the_run_is_no_time_limit) {
    shared_counter begun;
    std::stop_source source;
    auto executor = make();
    auto const body = [begun = &begun, source = &source](context& ctx, int) -> task<int> {
        ++*begun;
        // Under the fake nobody else gets a turn: it stops itself.
        if (ctx.where().name.starts_with("fake")) source->request_stop();
        co_await when_all(ctx.with_timeout(1h, ctx.sleep_for(2h)), ctx.sleep_for(3h));
        co_return 1;
    };
    std::jthread const stopper([&] {
        wait_until([&] { return *begun > 0; });
        std::this_thread::sleep_for(5ms);
        source.request_stop();
    });
    auto const outcomes = executor.try_map(body, std::vector{0, 1}, {.stop = source.get_token()});
    for (auto const& each : outcomes) {
        ASSERT_FALSE(each.has_value());
        EXPECT_EQ(each.error().why, cause::cancelled) << each.error().message;
    }
}

TEST_P(structured_with_real_io, time_limits_end_a_command) {
    auto const body = [](context& ctx, int) -> task<int> {
        bool late = false;
        try {
            co_await ctx.with_timeout(30ms, ctx.run(command::shell("exec sleep 60")));
        } catch (timed_out const&) {
            late = true;
        }
        auto const after = co_await ctx.with_timeout(1h, ctx.run(command::shell("true")));
        co_return late ? after.exit_code : -1;
    };
    auto const began = std::chrono::steady_clock::now();
    EXPECT_EQ(make().map(body, std::vector{1, 2}), (std::vector{0, 0}));
    EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
}

TEST_P(structured, many_time_limits_at_once) {
    std::size_t const count = std::min<std::size_t>(many(), 2000);
    auto const body = [](context& ctx, std::size_t n) -> task<int> {
        auto const limit = std::chrono::microseconds(n * 7919 % 1000);
        auto const needed = std::chrono::microseconds(n * 104'729 % 1000);
        try {
            co_await ctx.with_timeout(limit, when_all(ctx.sleep_for(needed), ctx.yield()));
            co_return 1;
        } catch (timed_out const&) {
            co_return 2;
        }
    };
    for (int const value : make().map(body, std::views::iota(std::size_t{0}, count)))
        ASSERT_GT(value, 0);
}

TEST_P(structured, values_may_be_of_a_type_that_nobody_else_knows) {
    struct point {
        int x = 0;
    };
    auto const body = [](context& ctx, int) -> task<int> {
        auto const give = [](context& inner, int x) -> task<point> {
            co_await inner.yield();
            co_return point{x};
        };
        std::vector<task<point>> tasks;
        tasks.push_back(give(ctx, 1));
        auto const many = co_await gather(std::move(tasks));
        auto const [all] = co_await when_all(give(ctx, 2));
        auto const any = co_await when_any(give(ctx, 3));
        auto const limited = co_await ctx.with_timeout(1h, give(ctx, 4));
        co_return many[0].x + all.x + std::get<0>(any).x + limited.x;
    };
    EXPECT_EQ(run_one(body), 10);
}

TEST_P(structured, children_may_have_children) {
    struct tree {
        static task<int> leaves(context& ctx, int depth) {
            if (depth == 0) {
                co_await ctx.yield();
                co_return 1;
            }
            auto const [left, right] = co_await when_all(leaves(ctx, depth - 1), leaves(ctx, depth - 1));
            co_return left + right;
        }
    };
    EXPECT_EQ(run_one([](context& ctx, int) { return tree::leaves(ctx, 8); }), 256);
}

TEST_P(structured, a_body_may_run_another_executor_within_a_time_limit) {
    auto const body = [](context& ctx, int) -> task<int> {
        auto const inner = [](context& within) -> task<int> {
            auto executor = make_executor("async");
            auto const values = executor.map(
                [](context& deep, int n) -> task<int> {
                    co_await deep.with_timeout(1h, deep.sleep_for(1ms));
                    co_return n;
                },
                std::vector{1, 2});
            co_await within.sleep_for(1h);
            co_return values[1];
        };
        try {
            co_return co_await ctx.with_timeout(50ms, inner(ctx));
        } catch (timed_out const&) {
            co_return 3;
        }
    };
    EXPECT_EQ(run_one(body), 3);
}

}  // namespace
}  // namespace quartet::conformance::structured_test
