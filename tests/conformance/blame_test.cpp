// Who ended a task is to blame for it, not who came meanwhile: a task that was stopped and takes long to
// clean up is no late one, and one that was late is not stopped because a stop came afterwards.
//
// What has to come first is looked at afterwards: where a busy machine was too slow, it is tried again.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <atomic>
#include <chrono>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace quartet::conformance::blame_test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// What a body and its test tell each other.
struct meeting {
    std::atomic<std::chrono::milliseconds> limit = 200ms;  ///< that a body has, or its call
    std::atomic<clock::time_point> began{};
    std::atomic<bool> late = false;     ///< its limit has ended its wait
    std::atomic<bool> stopped = false;  ///< and a stop has come
    std::atomic<int> caught = 0;
};
using meeting_reference = shared_reference<meeting>;

class blame : public any_model {
protected:
    void reset() {
        meeting_->began = clock::time_point();
        meeting_->late = meeting_->stopped = false;
        over_ = false;
    }
    std::chrono::milliseconds limit() const { return meeting_->limit; }
    bool has_begun() const { return meeting_->began.load() != clock::time_point(); }

    /// `run`, and `act` beside it as soon as the body has begun. Whether it did before the end, and the end.
    std::pair<bool, outcome<int>> run_beside(auto&& run, auto&& act) {
        reset();
        bool acted = false;
        std::jthread beside([&] {
            wait_until([this] { return has_begun() || over_; });
            if (over_) return;
            act();
            acted = true;
        });
        auto end = run();
        over_ = true;
        beside.join();
        return {acted, std::move(end)};
    }

    /// With longer and longer limits, until `act`, which asks for a stop, was over well before the limit.
    outcome<int> stopped_in_time(auto&& run, auto&& act) {
        for (;; meeting_->limit = 2 * limit()) {
            auto const latest = clock::now() + limit() / 2;
            bool in_time = false;
            auto [acted, end] = run_beside(run, [&] {
                act();
                in_time = clock::now() < latest;
            });
            if (acted && in_time) return std::move(end);
        }
    }

    shared<meeting> meeting_;
    std::atomic<bool> over_ = false;  // the call
};
QUARTET_SUITE(blame, rows_with_real_io());

class blame_beside_the_caller : public blame {};
QUARTET_SUITE(blame_beside_the_caller,
              rows_where([](row const& each) { return each.real_io && each.name != "single"; }));

class blame_on_loops : public blame {};
QUARTET_SUITE(blame_on_loops, rows_where([](row const& each) { return each.real_io && each.on_loops; }));

void clean_up_until(clock::time_point when) {
    while (clock::now() < when)
        std::this_thread::sleep_for(5ms);
}

/// Cleans up until its limit is over, if it had one.
task<int> slow_to_go(context& ctx, meeting_reference with) {
    auto const began = clock::now();
    with->began = began;
    try {
        co_await ctx.sleep_for(24h);
    } catch (cancelled const&) {
        clean_up_until(began + with->limit.load() + 50ms);
        throw;
    }
    co_return 1;
}

task<int> slow_to_go_within_a_limit(context& ctx, meeting_reference with) {
    co_return co_await ctx.with_timeout(with->limit.load(), slow_to_go(ctx, with));
}

/// Computes until its limit is over, and looks only then.
task<int> slow_to_look(context& ctx, meeting_reference with) {
    auto const began = clock::now();
    with->began = began;
    clean_up_until(began + with->limit.load() + 50ms);
    co_await ctx.sleep_for(24h);
    co_return 1;
}

TEST_P(blame, of_a_stop_is_not_put_on_the_limit_of_a_task) {
    auto executor = make();
    for (auto const body : {slow_to_go, slow_to_look}) {
        std::stop_source stop;
        auto const end = stopped_in_time(
            [&] {
                stop = std::stop_source();
                return executor.try_map(body, std::vector<meeting_reference>{&meeting_},
                                        {.stop = stop.get_token(), .task_timeout = limit()})[0];
            },
            [&] { stop.request_stop(); });
        EXPECT_EQ(end.error().why, cause::cancelled) << end.error().message;
    }
}

TEST_P(blame, of_a_stop_of_the_executor_is_not_put_on_the_limit_of_a_body) {
    auto executor = make();
    auto const end = stopped_in_time(
        [&] {
            return executor.try_map(slow_to_go_within_a_limit, std::vector<meeting_reference>{&meeting_})[0];
        },
        [&] { executor.stop(); });
    EXPECT_EQ(end.error().why, cause::cancelled) << end.error().message;
}

TEST_P(blame_beside_the_caller, of_a_cancel_is_not_put_on_the_limit_of_the_call) {
    auto executor = make();
    for (std::size_t const times : {0u, 1u}) {  // calls with retries are of another make
        std::atomic<bool> asked = false;
        auto const end = stopped_in_time(
            [&] {
                asked = false;
                auto call = executor.submit({.timeout = limit(), .retry = {.times = times}}, slow_to_go,
                                            meeting_reference(&meeting_));
                wait_until([&] { return has_begun() || call.done(); });
                call.cancel();
                asked = true;
                return call.take();
            },
            [&] { wait_until([&] { return asked.load(); }); });
        EXPECT_EQ(end.error().why, cause::cancelled) << end.error().message;
    }
}

TEST_P(blame_beside_the_caller, of_a_failure_is_not_put_on_the_limit_of_the_call) {
    auto executor = make();
    if (executor.concurrency() < 2) GTEST_SKIP() << "it needs two bodies at the same time";
    auto const body = [](context& ctx, std::pair<meeting_reference, int> const& in) -> task<int> {
        if (in.second == 0) co_return co_await slow_to_go(ctx, in.first);
        while (in.first->began.load() == clock::time_point())
            co_await ctx.sleep_for(1ms);
        throw std::runtime_error("first");
    };
    std::vector<std::pair<meeting_reference, int>> const inputs{{&meeting_, 0}, {&meeting_, 1}};
    // Until the failure came before the limit.
    for (;; meeting_->limit = 2 * limit()) {
        reset();
        auto const end = executor.try_map(
            body, inputs, {.failure = on_failure::stop_all, .timeout = limit(), .chunk_size = 1})[0];
        if (end.error().why == cause::cancelled) break;
        EXPECT_EQ(end.error().why, cause::timed_out) << end.error().message;
        ASSERT_LT(limit(), 1min) << "the failure always came too late";
    }
}

// ---- A limit that was over first

/// Goes when a stop has come after its limit.
task<int> late_and_then_stopped(context& ctx, meeting_reference with) {
    with->began = clock::now();
    try {
        co_await ctx.sleep_for(24h);
    } catch (cancelled const&) {
        with->late = true;
        while (!with->stopped)
            std::this_thread::sleep_for(1ms);
        throw;
    }
    co_return 1;
}

TEST_P(blame, of_a_limit_is_not_put_on_a_stop_that_comes_later) {
    auto executor = make();
    auto const within = [](context& ctx, meeting_reference with) -> task<int> {
        co_return co_await ctx.with_timeout(20ms, late_and_then_stopped(ctx, with));
    };
    auto const run = [&](auto const& body, std::chrono::nanoseconds of_task) {
        std::stop_source stop;
        auto const map = [&] {
            return executor.try_map(body, std::vector<meeting_reference>{&meeting_},
                                    {.stop = stop.get_token(), .task_timeout = of_task})[0];
        };
        return run_beside(map,
                          [&] {
                              wait_until([this] { return meeting_->late || over_; });
                              stop.request_stop();
                              meeting_->stopped = true;
                          })
            .second.error();
    };
    // Under processes a busy machine may be so slow that its worker is ended first.
    auto const was_killed = [](failure const& why) {
        return why.message.ends_with("worker process was ended");
    };
    auto const of_task = run(late_and_then_stopped, 20ms);
    EXPECT_TRUE(was_killed(of_task) || of_task.why == cause::timed_out) << of_task.message;
    auto const own = run(within, std::chrono::nanoseconds::max());
    EXPECT_TRUE(was_killed(own) || own.message == "timed out after 0.02 s") << own.message;
}

TEST_P(blame, among_limits_is_of_the_one_that_was_over_first) {
    auto const body = [with = &meeting_](context& ctx, bool outer_is_first) -> task<int> {
        auto const early = 20ms;
        auto const late = 60ms;
        auto const latest = clock::now() + (late - early);  // for the inner limit to begin
        auto const inner = [with, latest](context& ctx2) -> task<int> {
            auto const began = clock::now();
            if (began >= latest) with->late = true;
            try {
                co_await ctx2.sleep_for(24h);
            } catch (cancelled const&) {
                clean_up_until(began + 100ms);
                throw;
            }
            co_return 1;
        };
        auto const middle = [](context& ctx2, auto of_inner, std::chrono::milliseconds time) -> task<int> {
            co_return co_await ctx2.with_timeout(time, of_inner(ctx2));
        };
        co_return co_await ctx.with_timeout(outer_is_first ? early : late,
                                            middle(ctx, inner, outer_is_first ? late : early));
    };
    auto executor = make();
    for (bool again = true; again; again = meeting_->late) {
        reset();
        for (auto const& each : executor.try_map(body, std::vector{true, false}))
            EXPECT_TRUE(meeting_->late || each.error().message == "timed out after 0.02 s")
                << each.error().message;
    }
}

TEST_P(blame_on_loops, of_a_sibling_is_not_put_on_a_limit) {
    auto const body = [](context& ctx, meeting_reference with) -> task<int> {
        auto const child = [](context& ctx2, meeting_reference with2) -> task<int> {
            try {
                co_return co_await slow_to_go_within_a_limit(ctx2, with2);
            } catch (cancelled const&) {
                with2->caught = 1;
            } catch (timed_out const&) {
                with2->caught = 2;
            }
            co_return 1;
        };
        auto const sibling = [](context& ctx2, meeting_reference with2) -> task<int> {
            co_await ctx2.sleep_for(1ms);
            with2->stopped = clock::now() < with2->began.load() + with2->limit.load() / 2;
            throw std::runtime_error("sibling");
        };
        co_await quartet::when_all(child(ctx, with), sibling(ctx, with));
        co_return 1;
    };
    auto executor = make();
    for (;; meeting_->limit = 2 * limit()) {
        reset();
        executor.try_map(body, std::vector<meeting_reference>{&meeting_});
        if (meeting_->stopped) break;
    }
    EXPECT_EQ(meeting_->caught, 1);
}

}  // namespace
}  // namespace quartet::conformance::blame_test
