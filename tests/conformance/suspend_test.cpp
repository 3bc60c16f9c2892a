// Waiting for a callback, under every model: called before the wait and after it, from any thread, twice, too
// late, never.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/conformance/stopped.hpp"

#include <quartet/quartet.hpp>

#include <array>
#include <chrono>
#include <exception>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::conformance::suspend_test {
namespace {

using namespace std::chrono_literals;

class a_suspended_body : public any_model {};
QUARTET_SUITE(a_suspended_body, all_rows());

task<int> next_of(context& ctx, int n) {
    std::jthread caller;
    co_return co_await ctx.suspend<int>([&](resumer<int> done) {
        caller = std::jthread([done, n] {
            if (n % 2) std::this_thread::sleep_for(1ms);
            done(n + 1);
        });
    });
}

TEST_P(a_suspended_body, goes_on_with_what_another_thread_gives) {
    std::vector<int> inputs(20);
    std::iota(inputs.begin(), inputs.end(), 0);
    auto const values = make().map(next_of, inputs);
    for (int n : inputs)
        EXPECT_EQ(values[static_cast<std::size_t>(n)], n + 1);
}

TEST_P(a_suspended_body, need_not_wait_if_it_is_called_at_once) {
    auto const body = [](context& ctx, int n) -> task<std::string> {
        co_return co_await ctx.suspend<std::string>(
            [n](resumer<std::string> done) { done(std::string(static_cast<std::size_t>(n), 'x')); });
    };
    auto const values = make().map(body, std::vector{1, 20, 300});
    EXPECT_EQ(values[2], std::string(300, 'x'));
}

TEST_P(a_suspended_body, may_wait_for_nothing_but_the_call) {
    auto const body = [](context& ctx, int n) -> task<int> {
        std::jthread caller;
        co_await ctx.suspend([&](resumer<void> done) { caller = std::jthread([done] { done(); }); });
        co_return n;
    };
    EXPECT_EQ(make().map(body, std::vector{1, 2}), (std::vector{1, 2}));
}

TEST_P(a_suspended_body, takes_values_that_can_only_be_moved) {
    auto const body = [](context& ctx, int n) -> task<int> {
        std::jthread caller;
        auto const value =
            co_await ctx.suspend<std::unique_ptr<int>>([&](resumer<std::unique_ptr<int>> done) {
                caller = std::jthread([done, n] { done(std::make_unique<int>(n)); });
            });
        co_return *value;
    };
    EXPECT_EQ(make().map(body, std::vector{7, 8}), (std::vector{7, 8}));
}

TEST_P(a_suspended_body, throws_what_it_is_failed_by) {
    auto const body = [](context& ctx, int n) -> task<int> {
        std::jthread caller;
        co_return co_await ctx.suspend<int>([&](resumer<int> done) {
            caller = std::jthread([done, n] {
                done.fail(std::make_exception_ptr(std::runtime_error("no " + std::to_string(n))));
            });
        });
    };
    auto const outcomes = make().try_map(body, std::vector{1, 2});
    ASSERT_FALSE(outcomes[1].has_value());
    EXPECT_EQ(outcomes[1].error().message, "no 2");
}

TEST_P(a_suspended_body, hears_of_the_first_call_only) {
    auto const body = [](context& ctx, int n) -> task<int> {
        std::jthread caller;
        bool second = true;
        bool third = true;
        int const value = co_await ctx.suspend<int>([&](resumer<int> done) {
            done(n);
            second = done(n + 1);
            third = done.fail(std::make_exception_ptr(std::runtime_error("late")));
        });
        co_return second || third ? -1 : value;
    };
    EXPECT_EQ(make().map(body, std::vector{5, 6}), (std::vector{5, 6}));
}

TEST_P(a_suspended_body, that_nobody_can_call_any_more_says_so) {
    auto const body = [](context& ctx, int n) -> task<int> {
        if (n == 0) co_return co_await ctx.suspend<int>([](resumer<int>) {});
        std::jthread dropper;
        co_return co_await ctx.suspend<int>([&](resumer<int> done) {
            dropper = std::jthread([last = std::optional(std::move(done))]() mutable { last.reset(); });
        });
    };
    for (auto const& each : make().try_map(body, std::vector{0, 1})) {
        ASSERT_FALSE(each.has_value());
        EXPECT_EQ(each.error().message,
                  "quartet: a body waits for a callback, and its resumer is gone without a call");
    }
}

TEST_P(a_suspended_body, throws_what_beginning_throws) {
    auto const body = [](context& ctx, int) -> task<int> {
        std::optional<resumer<int>> kept;
        try {
            co_return co_await ctx.suspend<int>([&](resumer<int> done) {
                kept.emplace(std::move(done));
                throw std::runtime_error("busy");
            });
        } catch (std::runtime_error const& refused) {
            (*kept)(1);  // nobody waits for it
            co_return refused.what() == std::string("busy") ? 3 : 0;
        }
    };
    EXPECT_EQ(make().map(body, std::vector{1, 2}), (std::vector{3, 3}));
}

TEST_P(a_suspended_body, is_ended_by_a_limit_and_a_late_call_does_no_harm) {
    auto const body = [](context& ctx, int) -> task<int> {
        std::optional<resumer<int>> kept;
        try {
            co_await ctx.with_timeout(
                10ms, ctx.suspend<int>([&](resumer<int> done) { kept.emplace(std::move(done)); }));
        } catch (timed_out const&) {
            co_return (*kept)(1) ? 1 : 2;
        }
        co_return 0;
    };
    EXPECT_EQ(make().map(body, std::vector{1, 2}), (std::vector{2, 2}));
}

TEST_P(a_suspended_body, is_ended_by_a_stop) {
    if (!GetParam().real_io) return;  // a fake ends what nobody can end
    auto const body = [](context& ctx, int) -> task<int> {
        std::optional<resumer<int>> kept;
        co_return co_await ctx.suspend<int>([&](resumer<int> done) { kept.emplace(std::move(done)); });
    };
    auto executor = make();
    expect_cancelled(stopped(std::move(executor), body, wait_a_moment));
}

TEST_P(a_suspended_body, races_with_its_time_limit) {
    auto const body = [](context& ctx, int n) -> task<int> {
        std::jthread caller;
        try {
            co_return co_await ctx.with_timeout(1ms, ctx.suspend<int>([&](resumer<int> done) {
                caller = std::jthread([done, n] {
                    std::this_thread::sleep_for(std::chrono::microseconds(900 + 10 * (n % 20)));
                    done(n);
                });
            }));
        } catch (timed_out const&) {
            co_return -1;
        }
    };
    std::vector<int> inputs(200);
    std::iota(inputs.begin(), inputs.end(), 0);
    auto const values = make().map(body, inputs);
    for (int n : inputs) {
        int const value = values[static_cast<std::size_t>(n)];
        EXPECT_TRUE(value == n || value == -1) << value;
    }
}

class suspended_bodies_on_one_loop : public any_model {};
QUARTET_SUITE(suspended_bodies_on_one_loop, rows_where([](row const& each) { return each.interleaves; }));

TEST_P(suspended_bodies_on_one_loop, may_resume_each_other) {
    std::vector<resumer<int>> waiting;
    auto const body = [at = &waiting](context& ctx, int n) -> task<int> {
        if (n > 0)
            co_return co_await ctx.suspend<int>([&](resumer<int> done) { at->push_back(std::move(done)); });
        while (at->size() < 3)
            co_await ctx.yield();
        for (int value = 10; auto const& each : *at)
            each(value++);
        co_return 0;
    };
    auto executor = make();
    EXPECT_EQ(executor.map(body, std::vector{1, 2, 3, 0}), (std::vector{10, 11, 12, 0}));
}

TEST(a_fake_clock, stands_while_threads_end_waits_of_both_kinds) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK), 0);
    fake_world world;
    auto const body = [&](context& ctx, int who) -> task<std::chrono::nanoseconds> {
        for (int round = 0; round < 20; ++round) {
            std::jthread other;
            if (who == 0) {
                co_await ctx.suspend([&](resumer<void> done) {
                    other = std::jthread([done] {
                        std::this_thread::sleep_for(1ms);
                        done();
                    });
                });
            } else if (who == 1) {
                other = std::jthread([&] {
                    std::this_thread::sleep_for(1ms);
                    EXPECT_EQ(write(pipe[1], "x", 1), 1);
                });
                co_await ctx.ready(pipe[0], readable);
                char byte = 0;
                EXPECT_EQ(read(pipe[0], &byte, 1), 1);
            } else if (round == 0) {
                co_await ctx.sleep_for(1h);
            }
        }
        co_return ctx.now().time_since_epoch();
    };
    auto const ends = executor(std::make_unique<fake>(world)).map(body, std::vector{0, 1, 2});
    EXPECT_EQ(ends, (std::vector<std::chrono::nanoseconds>{0ns, 0ns, 1h}));
    close(pipe[0]);
    close(pipe[1]);
}

TEST(a_resumer, may_outlive_its_executor) {
    std::optional<resumer<int>> kept;
    {
        auto executor = make_executor("async:2");
        auto const body = [at = &kept](context& ctx, int) -> task<int> {
            co_return co_await ctx.suspend<int>([&](resumer<int> done) { at->emplace(std::move(done)); });
        };
        std::stop_source stop;
        auto call = executor.submit({.stop = stop.get_token()}, body, 1);
        stop.request_stop();
        EXPECT_FALSE(call.take().has_value());
    }
    EXPECT_FALSE(kept && (*kept)(1));
}

}  // namespace
}  // namespace quartet::conformance::suspend_test
