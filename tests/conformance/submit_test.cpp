// Single calls: every future has one end, and a call that nobody waits for is run all the same.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>

namespace quartet::conformance::submit_test {
namespace {

using namespace std::chrono_literals;

class a_future : public any_model {};
QUARTET_SUITE(a_future, all_rows());

/// Of models that go on beside the caller.
class a_future_beside_the_caller : public any_model {};
QUARTET_SUITE(a_future_beside_the_caller,
              rows_where([](row const& each) { return each.real_io && each.name != "single"; }));

class a_future_in_one_process : public any_model {};
QUARTET_SUITE(a_future_in_one_process, rows_with(&model_traits::shares_memory));

task<std::string> repeat(context& ctx, std::string text, int times) {
    co_await ctx.sleep_for(10us);
    std::string result;
    for (int n = 0; n < times; ++n)
        result += text;
    co_return result;
}

task<int> sleep_for_ever(context& ctx, counter_reference begun) {
    ++*begun;
    for (;;)
        co_await ctx.sleep_for(24h);
}

TEST_P(a_future, has_the_value_of_its_call) {
    auto executor = make();
    auto text = executor.submit(repeat, std::string("ab"), 3);
    auto sum = executor.submit([](int a, double b) { return a + b; }, 1, 0.5);
    auto constant = executor.submit([] { return std::string("none"); });
    auto nothing = executor.submit([](context& ctx) -> task<void> { co_await ctx.yield(); });
    EXPECT_EQ(text.get(), "ababab");
    EXPECT_EQ(sum.get(), 1.5);
    EXPECT_EQ(constant.get(), "none");
    nothing.get();
    EXPECT_FALSE(nothing.valid());
}

TEST_P(a_future, throws_what_the_call_threw) {
    auto executor = make();
    EXPECT_THROW(executor.submit([](int) -> int { throw std::out_of_range("far"); }, 1).get(),
                 std::out_of_range);
    auto const failed = executor.submit([] { throw std::runtime_error("broken"); }).take();
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().why, cause::threw);
    EXPECT_EQ(failed.error().message, "broken");
    EXPECT_EQ(failed.error().index, 0u);
    EXPECT_FALSE(failed.error().worker.empty());
    EXPECT_EQ(executor.submit([] { return 1; }).get(), 1);
}

TEST_P(a_future, is_one_of_many_in_any_order) {
    auto executor = make();
    std::size_t const many_calls = std::min<std::size_t>(many(), sanitized ? 300 : 3000);
    std::vector<future<std::size_t>> calls;
    for (std::size_t n = 0; n < many_calls; ++n)
        calls.push_back(executor.submit([](std::size_t each) { return each * each; }, n));
    for (std::size_t n = many_calls; n-- > 0;)
        ASSERT_EQ(calls[n].get(), n * n);
}

TEST_P(a_future, may_be_dropped_and_its_call_goes_on) {
    shared_counter ended;
    auto executor = make();
    for (int n = 0; n < 50; ++n) {
        static_cast<void>(executor.submit(
            [](context& ctx, counter_reference count) -> task<void> {
                co_await ctx.sleep_for(100us);
                ++*count;
            },
            counter_reference(&ended)));
    }
    executor.join();
    EXPECT_EQ(*ended, 50u);
    executor.join();
}

TEST_P(a_future, outlives_its_executor) {
    std::optional<future<int>> quick;
    std::optional<future<int>> endless;
    shared_counter begun;
    {
        auto executor = make();
        quick = executor.submit([](int n) { return n; }, 7);
        quick->wait();
        if (GetParam().name != "single") endless = executor.submit(sleep_for_ever, counter_reference(&begun));
    }
    EXPECT_TRUE(quick->done());
    EXPECT_EQ(quick->get(), 7);
    if (!endless) return;
    EXPECT_TRUE(endless->done());
    EXPECT_EQ(endless->take().error().why, cause::cancelled);
}

TEST_P(a_future, mixes_with_maps) {
    auto executor = make();
    for (int round = 0; round < 20; ++round) {
        auto one = executor.submit([](int n) { return n + 1; }, round);
        EXPECT_EQ(executor.map([](int n) { return 2 * n; }, std::vector{1, 2, 3}), (std::vector{2, 4, 6}));
        EXPECT_EQ(one.get(), round + 1);
    }
}

TEST_P(a_future, has_a_time_limit) {
    shared_counter begun;
    auto executor = make();
    auto const late =
        executor.submit({.task_timeout = 10ms}, sleep_for_ever, counter_reference(&begun)).take();
    EXPECT_EQ(late.error().why, cause::timed_out);
    EXPECT_EQ(*begun, 1u);
    auto const stopped = executor.submit({.timeout = 10ms}, sleep_for_ever, counter_reference(&begun)).take();
    EXPECT_EQ(stopped.error().why, GetParam().real_io ? cause::timed_out : stopped.error().why);
    EXPECT_EQ(executor.submit({.timeout = 1h}, [] { return 3; }).get(), 3);
}

TEST_P(a_future, follows_a_stop_token) {
    std::stop_source source;
    source.request_stop();
    shared_counter begun;
    auto executor = make();
    auto const outcome =
        executor.submit({.stop = source.get_token()}, sleep_for_ever, counter_reference(&begun)).take();
    EXPECT_EQ(outcome.error().why, cause::cancelled);
    EXPECT_EQ(*begun, 0u);
}

TEST_P(a_future_beside_the_caller, is_done_when_its_call_is) {
    shared_counter go;
    auto executor = make();
    auto waiting = executor.submit(
        [](context& ctx, counter_reference open) -> task<int> {
            while (*open == 0)
                co_await ctx.sleep_for(100us);
            co_return 5;
        },
        counter_reference(&go));
    EXPECT_FALSE(waiting.done());
    EXPECT_FALSE(waiting.wait_for(2ms));
    ++*go;
    EXPECT_TRUE(waiting.wait_for(1h));
    EXPECT_TRUE(waiting.done());
    EXPECT_EQ(waiting.get(), 5);
}

TEST_P(a_future_beside_the_caller, ends_a_call_that_is_cancelled) {
    shared_counter begun;
    auto executor = make();
    for (int round = 0; round < 5; ++round) {
        *begun = 0;
        auto call = executor.submit(sleep_for_ever, counter_reference(&begun));
        wait_until([&] { return *begun > 0; });
        call.cancel();
        call.cancel();
        EXPECT_EQ(call.take().error().why, cause::cancelled);
    }
    EXPECT_EQ(executor.submit([] { return 1; }).get(), 1);
}

TEST_P(a_future_beside_the_caller, ends_at_once_if_its_call_has_not_begun) {
    shared_counter begun;
    shared_counter go;
    shared_counter late;
    auto executor = make();
    std::vector<future<int>> busy;
    std::size_t const workers = std::min<std::size_t>(executor.concurrency(), 1000);
    auto const wait_for_go = [](context& ctx, counter_reference count, counter_reference open) -> task<int> {
        ++*count;
        while (*open == 0)
            co_await ctx.sleep_for(100us);
        co_return 1;
    };
    if (workers < 1000) {
        for (std::size_t n = 0; n < workers; ++n)
            busy.push_back(executor.submit(wait_for_go, counter_reference(&begun), counter_reference(&go)));
        wait_until([&] { return *begun == workers; });
    }
    auto call = executor.submit(sleep_for_ever, counter_reference(&late));
    call.cancel();
    EXPECT_EQ(call.take().error().why, cause::cancelled);
    EXPECT_TRUE(workers == 1000 || *late == 0u);
    ++*go;
    for (auto& each : busy)
        EXPECT_EQ(each.get(), 1);
}

TEST_P(a_future_beside_the_caller, ends_when_the_executor_is_stopped) {
    shared_counter begun;
    auto executor = make();
    for (int round = 0; round < 3; ++round) {
        *begun = 0;
        std::vector<future<int>> calls;
        for (int n = 0; n < 20; ++n)
            calls.push_back(executor.submit(sleep_for_ever, counter_reference(&begun)));
        wait_until([&] { return *begun > 0; });
        executor.stop();
        for (auto& each : calls)
            EXPECT_EQ(each.take().error().why, cause::cancelled);
        EXPECT_EQ(executor.map([](int n) { return n; }, std::vector{1, 2}), (std::vector{1, 2}));
    }
}

TEST_P(a_future_beside_the_caller, is_one_of_several_threads_at_the_same_time) {
    auto executor = make();
    int const rounds = static_cast<int>(std::min<std::size_t>(many(), sanitized ? 100 : 500));
    auto const use = [&](int who) {
        for (int n = 0; n < rounds; ++n) {
            auto one = executor.submit([](int each) { return each + 1; }, who * n);
            if (n % 50 == 0) {
                ASSERT_EQ(executor.map([](int each) { return -each; }, std::vector{n, who}),
                          (std::vector{-n, -who}));
            }
            ASSERT_EQ(one.get(), who * n + 1);
        }
    };
    std::vector<std::jthread> callers;
    for (int who = 1; who <= 3; ++who)
        callers.emplace_back(use, who);
}

/// Sleeps and computes by turns, until it has done so `turns` times or is asked to stop.
task<int> sleep_and_compute(context& ctx, int turns) {
    int sum = 0;
    for (int turn = 0; turn < turns && !ctx.stop_requested(); ++turn) {
        if (turn % 3 == 0) co_await ctx.sleep_for(50us);
        if (turn % 3 == 1) co_await ctx.yield();
        for (int n = 0; n < 1000; ++n)
            sum = (sum + n) % 1000;
    }
    co_return sum;
}

// Over all models some 10,000 of them.
TEST_P(a_future_beside_the_caller, has_one_end_whenever_it_is_cancelled_or_late) {
    std::mt19937 random(20'261'123);
    auto executor = make();
    std::size_t ended[4] = {};
    for (int round = 0; round < 14; ++round) {
        std::vector<future<int>> calls;
        for (int n = 0; n < 60; ++n) {
            call_options options;
            if (random() % 3 == 0) options.task_timeout = std::chrono::microseconds(random() % 2000);
            calls.push_back(executor.submit(options, sleep_and_compute, static_cast<int>(random() % 40)));
            if (random() % 4 == 0) calls[random() % calls.size()].cancel();
            if (random() % 20 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 500));
        }
        for (std::size_t n = 0; n < calls.size(); n += 1 + random() % 3)
            calls[n].cancel();
        for (auto& each : calls) {
            auto const outcome = each.take();
            ++ended[outcome.has_value() ? 0 : static_cast<std::size_t>(outcome.error().why)];
            ASSERT_TRUE(outcome.has_value() || outcome.error().why == cause::cancelled ||
                        outcome.error().why == cause::timed_out ||
                        may_be_taken_along(GetParam(), outcome.error()))
                << outcome.error().message;
        }
    }
    EXPECT_GT(ended[static_cast<std::size_t>(cause::cancelled)], 0u);
    EXPECT_EQ(executor.submit([] { return 1; }).get(), 1);
}

TEST_P(a_future_beside_the_caller, says_whether_it_ignores_its_stop) {
    shared_counter begun;
    shared_counter over;
    auto executor = make();
    auto call = executor.submit([begun = &begun, over = &over] {
        ++*begun;
        wait_until([&] { return *over == 1; });
    });
    wait_until([&] { return *begun == 1; });
    EXPECT_FALSE(call.stopping());
    call.cancel();
    if (executor.traits().can_kill) {
        call.wait();
    } else {
        EXPECT_FALSE(call.wait_for(5ms));
        EXPECT_TRUE(call.stopping());
        *over = 1;
        call.wait();
    }
    EXPECT_FALSE(call.stopping());
}

TEST_P(a_future_in_one_process, may_be_made_by_a_body_and_waited_for_outside) {
    auto executor = make();
    std::mutex mutex;
    std::vector<future<int>> inner;
    auto const body = [&, runs = &executor](int n) {
        auto call = runs->submit([](int each) { return each * each; }, n);
        std::lock_guard const lock(mutex);
        inner.push_back(std::move(call));
    };
    executor.map(body, std::vector{1, 2, 3, 4});
    int sum = 0;
    for (auto& each : inner)
        sum += each.get();
    EXPECT_EQ(sum, 30);
}

TEST_P(a_future_in_one_process, that_a_body_waits_for_comes_or_is_refused) {
    auto executor = make();
    auto const fibonacci = [runs = &executor](auto const& self, int n) -> int {
        if (n < 2) return n;
        auto left = runs->submit([self](int each) { return self(self, each); }, n - 1);
        int const right = self(self, n - 2);
        return left.get() + right;
    };
    auto const outcome = executor.submit([fibonacci](int n) { return fibonacci(fibonacci, n); }, 7).take();
    if (outcome.has_value()) {
        EXPECT_EQ(*outcome, 13);
    } else {
        EXPECT_TRUE(outcome.error().message.starts_with("quartet: a body on an event loop waits"))
            << outcome.error().message;
    }
    EXPECT_EQ(outcome.has_value(), !GetParam().on_loops);
}

TEST_P(a_future_in_one_process, of_a_map_within_a_body_comes_or_is_refused) {
    auto executor = make();
    auto const outcome =
        executor
            .submit([runs = &executor] {
                auto const squares = runs->map([](int n) { return n * n; }, std::vector{1, 2, 3});
                return squares.at(0) + squares.at(1) + squares.at(2);
            })
            .take();
    EXPECT_TRUE(!outcome.has_value() || *outcome == 14);
}

}  // namespace
}  // namespace quartet::conformance::submit_test
