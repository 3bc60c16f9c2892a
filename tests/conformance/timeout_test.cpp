// Time limits that the caller sets: for each task, and for the whole call.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/faults/checks.hpp"

#include <chrono>
#include <ranges>
#include <string>
#include <thread>
#include <unistd.h>

namespace quartet::conformance::timeout_test {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

class time_limits : public any_model {};
QUARTET_SUITE(time_limits, all_rows());

// Not for the fake: its clock is virtual and jumps, but the limit of a call goes by the real one.
class time_limits_of_calls : public any_model {};
QUARTET_SUITE(time_limits_of_calls, rows_with_real_io());

constexpr std::size_t many_calls = sanitized ? 500 : 10'000;

class time_limits_of_many_calls : public any_model {};
QUARTET_SUITE(time_limits_of_many_calls, rows_where([](row const& each) {
                  return each.real_io && each.many > many_calls && each.name != "single";
              }));

class time_limits_with_a_kill : public any_model {};
// Workers without a loop: a loop looks at the limits of its bodies itself, and needs no kill for that.
QUARTET_SUITE(time_limits_with_a_kill, rows_where([](row const& each) {
                  return each.name.starts_with("processes") && !each.on_loops;
              }));

/// On a busy machine even a task that has nothing to do may miss its limit. So this tries longer and longer
/// limits until `attempt` says that one was enough for the tasks which are not meant to be late.
void by_a_limit_that_is_enough(milliseconds limit, auto&& attempt) {
    for (; limit < 1min; limit *= 4) {
        if (attempt(limit)) return;
    }
    ADD_FAILURE() << "tasks are late however much time they have";
}

task<int> sleep(context& ctx, milliseconds duration) {
    co_await ctx.sleep_for(duration);
    co_return 1;
}

class time_limits_with_a_kill_of_a_loop : public any_model {};
QUARTET_SUITE(time_limits_with_a_kill_of_a_loop, rows_where([](row const& each) {
                  return each.name.starts_with("processes") && each.on_loops;
              }));

TEST_P(time_limits, fail_the_task_that_is_late_and_no_other) {
    auto executor = make();
    by_a_limit_that_is_enough(300ms, [&](milliseconds limit) {
        auto const outcomes =
            executor.try_map(sleep, std::vector<milliseconds>{0ms, 1h, 0ms}, {.task_timeout = limit});
        EXPECT_EQ(outcomes[1].error().index, 1u);
        EXPECT_EQ(outcomes[1].error().why, cause::timed_out);
        // On a busy machine a worker may be slow to end the body, and be killed for that.
        if (outcomes[1].error().message.ends_with("until its worker was killed")) return false;
        EXPECT_EQ(outcomes[1].error().message, timed_out(limit).what());
        EXPECT_THROW(outcomes[1].value(), timed_out);
        return outcomes[0] && outcomes[2];
    });
}

TEST_P(time_limits, are_told_to_bodies_that_compute) {
    auto const body = [](context& ctx, int) -> task<int> {
        // A fake's clock does not go on while a body computes.
        if (ctx.where().name.starts_with("fake")) co_await ctx.sleep_for(1h);
        while (!ctx.stop_requested()) {
        }
        throw cancelled();
    };
    auto const outcomes = make().try_map(body, std::vector{1, 2}, {.task_timeout = 20ms});
    for (auto const& each : outcomes)
        EXPECT_EQ(each.error().why, cause::timed_out) << each.error().message;
}

TEST_P(time_limits, that_are_not_reached_change_nothing) {
    auto const body = [](context& ctx, int n) -> task<int> {
        co_await ctx.yield();
        co_return n;
    };
    std::size_t const count = std::min<std::size_t>(many(), 1000);
    auto executor = make();
    auto const values =
        executor.map(body, std::views::iota(0, static_cast<int>(count)), {.task_timeout = 1h, .timeout = 1h});
    for (std::size_t n = 0; n < count; ++n)
        ASSERT_EQ(values[n], static_cast<int>(n));
    EXPECT_EQ(executor.map([](int n) { return n + 1; }, std::vector{1}, {.task_timeout = 1h}).front(), 2);
}

TEST_P(time_limits, of_a_body_are_failures_of_its_own) {
    auto const body = [](context& ctx, int) -> task<int> {
        co_await ctx.with_timeout(1ms, ctx.sleep_for(1h));
        co_return 1;
    };
    auto const outcomes = make().try_map(body, std::vector{1}, {.task_timeout = 1h});
    EXPECT_EQ(outcomes[0].error().why, cause::threw);
    EXPECT_THROW(outcomes[0].value(), timed_out);
}

TEST_P(time_limits, may_stop_the_others) {
    std::vector<milliseconds> const durations(20, milliseconds(1h));
    auto const outcomes =
        make().try_map(sleep, durations, {.failure = on_failure::stop_all, .task_timeout = 10ms});
    std::size_t late = 0;
    for (auto const& each : outcomes) {
        late += each.error().why == cause::timed_out;
        EXPECT_NE(each.error().why, cause::threw) << each.error().message;
    }
    EXPECT_GE(late, 1u);
}

TEST_P(time_limits, leave_every_task_with_one_outcome) {
    std::size_t const count = std::min<std::size_t>(many(), 500);
    auto const body = [](context& ctx, std::size_t n) -> task<std::size_t> {
        co_await ctx.sleep_for(std::chrono::microseconds(n * 7919 % 2000));
        co_return n;
    };
    auto executor = make();
    auto const outcomes =
        executor.try_map(body, std::views::iota(std::size_t{0}, count), {.task_timeout = 1ms});
    for (std::size_t n = 0; n < count; ++n) {
        if (outcomes[n]) {
            ASSERT_EQ(*outcomes[n], n);
        } else if (!may_be_taken_along(GetParam(), outcomes[n].error())) {
            ASSERT_EQ(outcomes[n].error().why, cause::timed_out) << outcomes[n].error().message;
        }
    }
    EXPECT_EQ(executor.map(sleep, std::vector{1ms, 1ms}), (std::vector{1, 1}));
}

TEST_P(time_limits_of_calls, stop_the_call) {
    auto executor = make();
    auto const began = std::chrono::steady_clock::now();
    auto const outcomes =
        executor.try_map(sleep, std::vector<milliseconds>(10, milliseconds(1h)), {.timeout = 30ms});
    EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
    for (auto const& each : outcomes) {
        ASSERT_FALSE(each.has_value());
        EXPECT_EQ(each.error().why, cause::timed_out) << each.error().message;
        EXPECT_TRUE(each.error().message.starts_with("the call's time of 0.03 s was up: cancelled"))
            << each.error().message;
        EXPECT_THROW(each.value(), task_error);
    }
    EXPECT_EQ(executor.map(sleep, std::vector{1ms, 1ms}), (std::vector{1, 1}));
}

TEST_P(time_limits_of_many_calls, need_no_thread_each) {
    auto executor = make();
    auto call_with_a_limit = [&] { return executor.submit({.timeout = 1h}, sleep, milliseconds(1h)); };
    std::vector<future<int>> calls;
    calls.push_back(call_with_a_limit());
    std::size_t const before = faults::own_threads();
    for (std::size_t n = 0; n < many_calls; ++n)
        calls.push_back(call_with_a_limit());
    EXPECT_LT(faults::own_threads(), before + 50);  // what a model itself may need
    executor.stop();
    for (auto& each : calls)
        EXPECT_EQ(each.take().error().why, cause::cancelled);
}

TEST_P(time_limits_of_many_calls, end_all_of_them) {
    auto executor = make();
    std::vector<future<int>> calls;
    for (std::size_t n = 0; n < many_calls; ++n)
        calls.push_back(executor.submit({.timeout = milliseconds(10 + n % 20)}, sleep, milliseconds(1h)));
    for (auto& each : calls)
        EXPECT_EQ(each.take().error().why, cause::timed_out);
}

TEST_P(time_limits_of_calls, end_calls_that_a_body_makes) {
    auto executor = make();
    auto const limited = [](int) {
        auto inner = make_executor("threads:1");
        auto const end = inner.try_map(sleep, std::vector{milliseconds(1h)}, {.timeout = 10ms});
        return end[0].error().why == cause::timed_out;
    };
    EXPECT_TRUE(limited(0));  // starts the thread that waits for limits; workers forked now don't have it
    auto later = make();
    EXPECT_EQ(later.map(limited, std::vector{1, 2}), (std::vector{true, true}));
    EXPECT_EQ(executor.map(limited, std::vector{1, 2}), (std::vector{true, true}));
}

TEST_P(time_limits_of_calls, are_not_taken_for_a_stop) {
    std::stop_source source;
    source.request_stop();
    auto const outcomes =
        make().try_map(sleep, std::vector{milliseconds(1h)}, {.stop = source.get_token(), .timeout = 1h});
    EXPECT_EQ(outcomes[0].error().why, cause::cancelled);
}

TEST_P(time_limits_with_a_kill, end_a_worker_whose_task_ignores_them) {
    auto const body = [](int n) {
        if (n == 4) signal(SIGTERM, SIG_IGN);
        while (n == 3 || n == 4)
            pause();
        return n;
    };
    auto executor = make();
    by_a_limit_that_is_enough(300ms, [&](milliseconds limit) {
        auto const outcomes = executor.try_map(body, std::views::iota(0, 10), {.task_timeout = limit});
        bool in_time = true;
        for (std::size_t n = 0; n < outcomes.size(); ++n) {
            if (n != 3 && n != 4) {
                in_time = in_time && outcomes[n];
                EXPECT_TRUE(outcomes[n] ? *outcomes[n] == static_cast<int>(n)
                                        : outcomes[n].error().why == cause::timed_out);
                continue;
            }
            auto const& why = outcomes[n].error();
            EXPECT_EQ(why.why, cause::timed_out);
            EXPECT_EQ(why.message,
                      timed_out(limit).what() + std::string(", and went on until its worker was killed"));
            EXPECT_TRUE(why.signal == SIGTERM || why.signal == SIGKILL) << why.signal;
            in_time = in_time && why.signal == (n == 3 ? SIGTERM : SIGKILL);
            EXPECT_THROW(outcomes[n].value(), task_error);
        }
        return in_time;
    });
    EXPECT_EQ(executor.map(sleep, std::vector{1ms, 1ms}), (std::vector{1, 1}));
}

TEST_P(time_limits_with_a_kill_of_a_loop, end_the_worker_whose_loop_is_held) {
    auto const body = [](context& ctx, int n) -> task<int> {
        while (n == 3)
            pause();
        for (int turn = 0; turn < 10; ++turn)
            co_await ctx.sleep_for(100us);
        co_return n;
    };
    auto executor = make();
    by_a_limit_that_is_enough(500ms, [&](milliseconds limit) {
        auto const outcomes = executor.try_map(body, std::views::iota(0, 20), {.task_timeout = limit});
        std::size_t late = 0;
        for (auto const& each : outcomes) {
            late += !each && each.error().why == cause::timed_out;
            if (each || each.error().why == cause::timed_out) continue;
            EXPECT_EQ(each.error().why, cause::worker_died);  // it was on the same loop
            EXPECT_TRUE(each.error().message.ends_with("another task went on after its time limit"))
                << each.error().message;
        }
        EXPECT_EQ(outcomes[3].error().why, cause::timed_out) << outcomes[3].error().message;
        return late == 1 && std::ranges::any_of(outcomes, [](auto const& each) { return each.has_value(); });
    });
    EXPECT_EQ(executor.map(sleep, std::vector{1ms, 1ms}), (std::vector{1, 1}));
}

// Bodies end at the very moment when their worker would be killed. Whichever comes first, each task has one
// outcome, and the kill does not hit the worker's next task.
TEST_P(time_limits_with_a_kill, hit_the_right_task) {
    auto const body = [](int n) {
        usleep(n % 2 ? 250'000 + 1000 : 100);
        return n;
    };
    auto executor = make();
    auto const outcomes = executor.try_map(body, std::views::iota(0, 8), {.task_timeout = 1ms});
    for (std::size_t n = 0; n < outcomes.size(); ++n) {
        if (outcomes[n]) {
            EXPECT_EQ(*outcomes[n], static_cast<int>(n));
        } else {
            EXPECT_EQ(outcomes[n].error().why, cause::timed_out) << outcomes[n].error().message;
        }
    }
    EXPECT_EQ(executor.map(sleep, std::vector{1ms, 1ms}), (std::vector{1, 1}));
}

/// The timer that asks a call to stop may be the last to hold it, and the executor may be gone right after.
TEST(a_limit_of_a_call, that_is_up_at_its_end_leaves_the_executor_alone) {
    auto const compute = [] {
        auto const until = std::chrono::steady_clock::now() + 300us;
        while (std::chrono::steady_clock::now() < until) {
        }
        return 7;
    };
    for (auto const* spec : {"threads:2", "threads:each", "async:4", "auto"}) {
        for (int round = 0; round < 100; round += sanitized ? 3 : 1) {
            future<int> end;
            {
                auto executor = make_executor(spec, {.log = [](log_record const&) {}});
                end = executor.submit({.timeout = round * 6us}, compute);
                executor.join();
            }
            auto const outcome = end.take();
            EXPECT_TRUE(outcome ? *outcome == 7 : outcome.error().why == cause::timed_out) << spec;
        }
    }
}

}  // namespace
}  // namespace quartet::conformance::timeout_test
