// A body awaits futures: of its own executor and of others, under every model.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/conformance/stopped.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace quartet::conformance::future_test {
namespace {

using namespace std::chrono_literals;

std::vector<int> numbers(int count) {
    std::vector<int> values(static_cast<std::size_t>(count));
    std::iota(values.begin(), values.end(), 0);
    return values;
}

task<int> twice(context& ctx, int n) {
    co_await ctx.sleep_for(100us);
    co_return 2 * n;
}

task<int> sleep_for_ever(context& ctx) {
    for (;;)
        co_await ctx.sleep_for(24h);
}

/// Bodies here reach an executor of the test's process.
class an_awaited_future : public any_model {};
QUARTET_SUITE(an_awaited_future, rows_with(&model_traits::shares_memory));

class an_awaited_future_on_a_loop : public any_model {};
QUARTET_SUITE(an_awaited_future_on_a_loop, rows_where([](row const& each) {
                  return each.on_loops && each.real_io && !each.name.starts_with("processes");
              }));

/// Those that go on while no thread waits for them.
class an_awaited_future_of_any_model : public any_model {};
QUARTET_SUITE(an_awaited_future_of_any_model, rows_with_real_io());

TEST_P(an_awaited_future, has_the_value_of_a_call_of_its_own_executor) {
    auto executor = make();
    auto const body = [runs = &executor](context&, int n) -> task<int> {
        co_return co_await runs->submit(twice, n) + 1;
    };
    auto const values = executor.map(body, numbers(50));
    for (int n = 0; n < 50; ++n)
        EXPECT_EQ(values[static_cast<std::size_t>(n)], 2 * n + 1);
}

TEST_P(an_awaited_future, has_the_value_of_a_call_of_another_executor) {
    auto others = make_executor("threads:2");
    auto executor = make();
    auto const body = [runs = &others](context&, int n) -> task<int> {
        auto call = runs->submit(twice, n);
        int const value = co_await call;
        co_return call.valid() ? -1 : value;
    };
    EXPECT_EQ(executor.map(body, std::vector{1, 2, 3}), (std::vector{2, 4, 6}));
}

TEST_P(an_awaited_future_of_any_model, has_the_value_of_its_call) {
    auto executor = make();
    for (char const* const spec : {"async:3", "threads:2"}) {
        auto waits = make_executor(spec);
        auto const body = [runs = &executor](context&, int n) -> task<int> {
            co_return co_await runs->submit(twice, n);
        };
        EXPECT_EQ(waits.map(body, std::vector{1, 2, 3}), (std::vector{2, 4, 6}));
    }
}

TEST_P(an_awaited_future, throws_what_the_call_threw) {
    auto executor = make();
    auto const body = [runs = &executor](context&, int) -> task<std::string> {
        try {
            co_await runs->submit([](context& ctx) -> task<void> {
                co_await ctx.yield();
                throw std::out_of_range("far");
            });
        } catch (std::out_of_range const& thrown) {
            co_return thrown.what();
        }
        co_return "nothing";
    };
    EXPECT_EQ(executor.map(body, std::vector{1, 2}), (std::vector<std::string>{"far", "far"}));
}

TEST_P(an_awaited_future, need_not_be_waited_for_when_it_is_done) {
    auto others = make_executor("single");
    auto executor = make();
    auto const body = [runs = &others](context&, int n) -> task<int> {
        auto call = runs->submit([n] { return n; });
        co_return co_await std::move(call);
    };
    EXPECT_EQ(executor.map(body, std::vector{4, 5}), (std::vector{4, 5}));
}

TEST_P(an_awaited_future, that_is_empty_is_a_mistake) {
    auto const body = [](context&, int) -> task<int> { co_return co_await future<int>(); };
    for (auto const& each : make().try_map(body, std::vector{1, 2})) {
        ASSERT_FALSE(each.has_value());
        EXPECT_NE(each.error().message.find("has no call"), std::string::npos) << each.error().message;
    }
}

TEST_P(an_awaited_future, is_one_of_several) {
    auto executor = make();
    auto const body = [runs = &executor](context&, int n) -> task<int> {
        auto [first, second] = co_await when_all(runs->submit(twice, n), runs->submit(twice, n + 1));
        std::vector<future<int>> calls;
        for (int each = 0; each < 20; ++each)
            calls.push_back(runs->submit(twice, each));
        auto const values = co_await gather(std::move(calls));
        co_return first + second + std::accumulate(values.begin(), values.end(), 0);
    };
    auto const values = executor.map(body, numbers(10));
    for (int n = 0; n < 10; ++n)
        EXPECT_EQ(values[static_cast<std::size_t>(n)], 2 * n + 2 * (n + 1) + 380);
}

struct deep {
    executor* runs;
    task<int> operator()(context&, int depth) const {
        if (depth == 0) co_return 0;
        co_return co_await runs->submit(*this, depth - 1) + 1;
    }
};

TEST_P(an_awaited_future, may_be_of_a_call_that_awaits_another_and_so_on) {
    auto executor = make();
    EXPECT_EQ(executor.map(deep{&executor}, std::vector(20, 20)), std::vector(20, 20));
}

TEST_P(an_awaited_future, is_left_as_it_was_by_a_limit) {
    if (!GetParam().real_io) return;  // another executor's time is not the fake's
    auto others = make_executor("threads:each");
    auto executor = make();
    auto const body = [runs = &others](context& ctx, int) -> task<bool> {
        auto call = runs->submit(sleep_for_ever);
        bool late = false;
        try {
            co_await ctx.with_timeout(5ms,
                                      [](future<int>* of) -> task<int> { co_return co_await *of; }(&call));
        } catch (timed_out const&) {
            late = true;
        }
        bool const goes_on = call.valid() && !call.done();
        call.cancel();
        co_await ctx.sleep_for(1us);
        co_return late&& goes_on;
    };
    for (bool const each : executor.map(body, std::vector{1, 2, 3}))
        EXPECT_TRUE(each);
}

/// Gives the wait for a call up three times; its value comes to the fourth.
task<int> await_again_and_again(context& ctx, executor* runs) {
    std::atomic<bool> let_go = false;
    auto call = runs->submit([at = &let_go](context& c) -> task<int> {
        while (!at->load())
            co_await c.sleep_for(100us);
        co_return 7;
    });
    int limits = 0;
    for (int n = 0; n < 3; ++n) {
        try {
            co_await ctx.with_timeout(1ms,
                                      [](future<int>* of) -> task<int> { co_return co_await *of; }(&call));
        } catch (timed_out const&) {
            ++limits;
        }
    }
    let_go = true;
    co_return co_await call + limits;
}

TEST_P(an_awaited_future, may_be_awaited_again_after_limits) {
    if (!GetParam().real_io) return;
    auto others = make_executor("threads:each");
    auto executor = make();
    auto const body = [runs = &others](context& ctx, int) -> task<int> {
        return await_again_and_again(ctx, runs);
    };
    EXPECT_EQ(executor.map(body, std::vector{1, 2, 3}), std::vector(3, 10));
}

TEST_P(an_awaited_future_on_a_loop, of_its_own_executor_may_be_awaited_again_after_limits) {
    auto executor = make();
    auto const body = [runs = &executor](context& ctx, int) -> task<int> {
        return await_again_and_again(ctx, runs);
    };
    EXPECT_EQ(executor.map(body, std::vector{1, 2, 3}), std::vector(3, 10));
}

TEST_P(an_awaited_future, is_not_waited_for_after_a_stop) {
    if (!GetParam().real_io) return;
    auto others = make_executor("threads:each");
    auto executor = make();
    auto const body = [runs = &others](context&, int) -> task<int> {
        auto call = runs->submit(sleep_for_ever);
        try {
            co_return co_await call;
        } catch (cancelled const&) {
            call.cancel();
            throw;
        }
    };
    expect_cancelled(stopped(std::move(executor), body, wait_a_moment, 3));
}

TEST_P(an_awaited_future_on_a_loop, has_an_outcome_when_its_executor_ends) {
    auto executor = make();
    std::optional<quartet::executor> others = make_executor("threads:each");
    std::vector<future<int>> calls;
    std::vector<future<int>> waits;
    for (int n = 0; n < 3; ++n)
        calls.push_back(others->submit(sleep_for_ever));
    for (auto& each : calls)
        waits.push_back(executor.submit([of = &each](context&) -> task<int> { co_return co_await *of; }));
    others.reset();
    for (auto& each : waits)
        EXPECT_THROW(each.get(), task_error);
}

TEST_P(an_awaited_future, is_tried_again_while_a_body_awaits_it) {
    auto executor = make();
    auto others = make_executor("threads:1");
    auto const body = [runs = &others](context&, int n) -> task<int> {
        shared_counter tries;
        auto const flaky = [n](counter_reference count) {
            if (++*count < 3u) throw std::runtime_error("not yet");
            return n;
        };
        co_return co_await runs->submit({.retry = {.times = 3, .pause = 1ms}}, flaky,
                                        counter_reference(&tries));
    };
    EXPECT_EQ(executor.map(body, std::vector{1, 2}), (std::vector{1, 2}));
}

TEST(an_awaited_future_outside_of_bodies, is_waited_for_by_the_thread) {
    auto executor = make_executor("threads:1");
    auto waits = [](quartet::executor* runs) -> task<int> {
        co_return co_await runs->submit([] { return 3; });
    }(&executor);
    waits.start();
    ASSERT_TRUE(waits.done());
    EXPECT_EQ(waits.take(), 3);
}

TEST(an_awaited_future_of_a_fake, is_refused_on_the_loop_of_another_executor) {
    fake_world world;
    executor fakes(std::make_unique<fake>(world));
    auto loops = make_executor("async");
    auto call = fakes.submit(twice, 1);
    auto const body = [of = &call](context&) -> task<int> { co_return co_await *of; };
    EXPECT_THROW(loops.submit(body).get(), std::logic_error);
    EXPECT_EQ(call.get(), 2);
}

// ---- What is done at the end

class a_future_that_has_ended : public any_model {};
QUARTET_SUITE(a_future_that_has_ended, all_rows());

TEST_P(a_future_that_has_ended, has_a_function_called_with_its_value) {
    auto executor = make();
    auto text = executor.submit(twice, 4).then([](int value) { return value + 1; }).then([](int value) {
        return std::to_string(value);
    });
    EXPECT_TRUE(text.valid());
    EXPECT_EQ(text.get(), "9");
    auto nothing = executor.submit([] {}).then([] { return 3; });
    EXPECT_EQ(nothing.get(), 3);
}

TEST_P(a_future_that_has_ended, has_a_function_called_with_its_outcome) {
    auto executor = make();
    auto const fail = [](int) -> int { throw std::out_of_range("far"); };
    auto const why = [](outcome<int> end) { return end ? std::string("good") : end.error().message; };
    EXPECT_EQ(executor.submit(fail, 1).then(why).get(), "far");
    EXPECT_EQ(executor.submit(twice, 1).then(why).get(), "good");
}

TEST_P(a_future_that_has_ended, passes_a_failure_by_functions_of_values) {
    auto executor = make();
    bool called = false;
    auto end =
        executor.submit([](int) -> int { throw std::out_of_range("far"); }, 1).then([&called](int value) {
            called = true;
            return value;
        });
    EXPECT_THROW(end.get(), std::out_of_range);
    EXPECT_FALSE(called);
}

TEST_P(a_future_that_has_ended, fails_as_its_function_does) {
    auto executor = make();
    auto end = executor.submit(twice, 1).then([](int) -> int { throw std::runtime_error("refused"); });
    auto const last = end.take();
    ASSERT_FALSE(last.has_value());
    EXPECT_EQ(last.error().message, "refused");
}

TEST_P(a_future_that_has_ended, has_a_function_called_that_nobody_waits_for) {
    std::atomic<int> sum = 0;
    {
        auto executor = make();
        for (int n = 0; n < 10; ++n)
            executor.submit(twice, n).on_done([&sum](outcome<int> end) { sum += *end; });
        executor.join();
    }
    EXPECT_EQ(sum, 90);
}

TEST_P(a_future_that_has_ended, has_a_function_begin_the_next_call) {
    auto executor = make();
    auto next = executor.submit(twice, 4).then(
        [runs = &executor](int value) { return runs->submit([](int n) { return n + 1; }, value); });
    EXPECT_EQ(next.get().get(), 9);
}

TEST_P(a_future_that_has_ended, stops_the_call_when_the_function_is_not_wanted) {
    if (GetParam().name == "single") return;  // it has ended before anybody could
    auto executor = make();
    auto end = executor.submit(sleep_for_ever).then([](outcome<int> value) { return value.error().why; });
    EXPECT_FALSE(end.done());
    end.cancel();
    EXPECT_EQ(end.get(), cause::cancelled);
}

// ---- Several

TEST_P(a_future_that_has_ended, comes_in_the_order_of_the_ends) {
    auto executor = make();
    std::vector<future<int>> calls;
    for (int n = 0; n < 30; ++n)
        calls.push_back(executor.submit(twice, n));
    std::vector<bool> seen(calls.size());
    for (auto& each : as_completed(calls)) {
        auto const index = static_cast<std::size_t>(&each - calls.data());
        EXPECT_TRUE(each.done());
        EXPECT_FALSE(seen[index]);
        seen[index] = true;
        EXPECT_EQ(each.get(), 2 * static_cast<int>(index));
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 30);
}

TEST_P(a_future_that_has_ended, comes_first_if_others_never_end) {
    if (GetParam().name == "single") return;
    auto executor = make();
    auto others = make();
    std::vector<future<int>> calls;
    calls.push_back(others.submit(sleep_for_ever));
    calls.push_back(executor.submit(twice, 7));
    if (!GetParam().real_io) {  // a fake runs while somebody waits for its calls, in their order
        std::swap(calls[0], calls[1]);
        EXPECT_EQ(wait_any(calls), 0u);
        return;
    }
    EXPECT_EQ(wait_any(calls), 1u);
    EXPECT_EQ(wait_any_for(1h, calls), 1u);
    EXPECT_FALSE(wait_all_for(1ms, calls));
    auto ended = as_completed(calls);
    EXPECT_EQ(ended.next(), &calls[1]);
    EXPECT_EQ(ended.left(), 1u);
    EXPECT_EQ(ended.next_for(1ms), nullptr);
    calls[0].cancel();
    EXPECT_EQ(ended.next(), &calls[0]);
    EXPECT_EQ(ended.next(), nullptr);
    EXPECT_TRUE(wait_all_for(0s, calls));
    wait_all(calls);
}

TEST_P(an_awaited_future, comes_in_a_body_in_the_order_of_the_ends) {
    auto executor = make();
    auto const body = [runs = &executor](context& ctx, int n) -> task<int> {
        std::vector<future<int>> calls;
        for (int each = 0; each < n; ++each)
            calls.push_back(runs->submit(twice, each));
        int sum = 0;
        auto ended = as_completed(calls);
        while (auto* const each = co_await ended.next(ctx))
            sum += each->get();
        co_return sum;
    };
    EXPECT_EQ(executor.map(body, std::vector{0, 1, 2, 20}), (std::vector{0, 0, 2, 380}));
}

TEST_P(an_awaited_future, is_the_first_or_one_of_all_in_a_body) {
    auto executor = make();
    auto const body = [runs = &executor](context& ctx, int n) -> task<int> {
        std::vector<future<int>> calls;
        for (int each = 0; each < n; ++each)
            calls.push_back(runs->submit(twice, each));
        std::size_t const first = co_await wait_any(ctx, calls);
        if (!calls[first].done()) co_return -1;
        co_await wait_all(ctx, calls);
        int sum = 0;
        for (auto& each : calls)
            sum += each.get();
        co_return sum;
    };
    EXPECT_EQ(executor.map(body, std::vector{1, 2, 20}), (std::vector{0, 2, 380}));
}

TEST(several_futures, are_refused_if_one_is_empty_or_there_is_none) {
    std::vector<future<int>> calls;
    EXPECT_THROW(wait_any(calls), std::invalid_argument);
    wait_all(calls);
    for (auto& each : as_completed(calls))
        FAIL() << each.valid();
    calls.emplace_back();
    EXPECT_THROW(wait_any(calls), std::logic_error);
    EXPECT_THROW(wait_all(calls), std::logic_error);
    EXPECT_THROW(as_completed(calls), std::logic_error);
    EXPECT_THROW(static_cast<void>(calls[0].then([](int n) { return n; })), std::logic_error);
}

TEST(several_futures, are_not_waited_for_on_the_loop_that_has_to_run_them) {
    auto loops = make_executor("async");
    auto const body = [runs = &loops](context&) -> task<int> {
        std::vector<future<int>> calls;
        calls.push_back(runs->submit(twice, 1));
        co_return static_cast<int>(wait_any(calls));
    };
    EXPECT_THROW(loops.submit(body).get(), std::logic_error);
}

TEST(several_futures, may_be_of_different_executors) {
    auto pool = make_executor("threads:1");
    auto loops = make_executor("async");
    auto const body = [a = &pool, b = &loops](context& ctx, int n) -> task<int> {
        std::vector<future<int>> calls;
        for (int each = 0; each < 10; ++each)
            calls.push_back((each % 2 ? a : b)->submit(twice, n));
        int sum = 0;
        auto ended = as_completed(std::move(calls));
        while (auto* const each = co_await ended.next(ctx))
            sum += each->get();
        co_return sum;
    };
    EXPECT_EQ(pool.map(body, std::vector{1, 2}), (std::vector{20, 40}));
    EXPECT_EQ(loops.map(body, std::vector{1, 2}), (std::vector{20, 40}));
}

// ---- A whole map

TEST_P(a_future_that_has_ended, may_be_that_of_a_whole_map) {
    auto executor = make();
    auto values = executor.map_async(twice, numbers(100));
    auto texts = executor.map_async([](int n) { return std::to_string(n); }, std::vector{1, 2});
    auto none = executor.map_async(twice, std::vector<int>());
    auto nothing = executor.map_async([](int) {}, numbers(3));
    auto const got = values.get();
    ASSERT_EQ(got.size(), 100u);
    EXPECT_EQ(got[99], 198);
    EXPECT_EQ(texts.get(), (std::vector<std::string>{"1", "2"}));
    EXPECT_TRUE(none.get().empty());
    nothing.get();
}

TEST_P(a_future_that_has_ended, of_a_map_has_all_its_failures) {
    auto executor = make();
    auto const fails = [](int n) -> int { return n % 2 ? throw std::out_of_range("odd") : n; };
    auto values = executor.map_async(fails, numbers(10));
    try {
        static_cast<void>(values.get());
        FAIL();
    } catch (map_error const& error) {
        EXPECT_EQ(error.failures().size(), 5u);
        EXPECT_EQ(error.failures()[1].index, 3u);
        EXPECT_EQ(error.tasks(), 10u);
    }
}

TEST_P(a_future_that_has_ended, of_a_map_says_when_that_was_cancelled) {
    if (GetParam().name == "single") return;
    auto executor = make();
    auto const body = [](context& ctx, int n) -> task<int> {
        co_await ctx.sleep_for(24h);
        co_return n;
    };
    auto values = executor.map_async(body, numbers(10));
    values.cancel();
    EXPECT_EQ(values.take().error().why, cause::cancelled);
}

TEST_P(an_awaited_future, may_be_that_of_a_whole_map) {
    auto executor = make();
    auto const body = [runs = &executor](context&, int n) -> task<int> {
        auto const values = co_await runs->map_async(twice, numbers(n));
        co_return std::accumulate(values.begin(), values.end(), 0);
    };
    EXPECT_EQ(executor.map(body, std::vector{0, 1, 20, 3}), (std::vector{0, 0, 380, 6}));
}

TEST(a_map_that_nobody_waits_for, refuses_what_it_has_no_use_for) {
    auto executor = make_executor("threads:1");
    EXPECT_THROW(static_cast<void>(executor.map_async(twice, numbers(2), {.retry = {.times = 1}})),
                 std::invalid_argument);
    EXPECT_THROW(static_cast<void>(
                     executor.map_async(twice, numbers(2), {.progress = [](std::size_t, std::size_t) {}})),
                 std::invalid_argument);
}

}  // namespace
}  // namespace quartet::conformance::future_test
