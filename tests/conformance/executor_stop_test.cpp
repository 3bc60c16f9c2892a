// executor::stop() ends the calls that are there when it is called, of every kind and wherever they are, and
// no call that is made after it has returned. What it has to end here would go on for ever.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace quartet::conformance::executor_stop_test {
namespace {

using namespace std::chrono_literals;

class a_stop_of_all : public any_model {
protected:
    std::size_t some() const { return std::min<std::size_t>(many() / 10, sanitized ? 50 : 200); }
    shared_counter begun_;
    shared_counter over_;
};
QUARTET_SUITE(a_stop_of_all, rows_with_real_io());

class a_stop_of_all_beside_the_caller : public a_stop_of_all {};
QUARTET_SUITE(a_stop_of_all_beside_the_caller,
              rows_where([](row const& each) { return each.real_io && each.name != "single"; }));

class a_stop_of_all_within_a_body : public a_stop_of_all {};
QUARTET_SUITE(a_stop_of_all_within_a_body, rows_with(&model_traits::shares_memory));

task<int> sleep_for_ever(context& ctx, counter_reference begun) {
    ++*begun;
    for (;;)
        co_await ctx.sleep_for(24h);
}

task<int> nap(context& ctx, int n) {
    co_await ctx.sleep_for(100us);
    co_return n;
}

/// Of a call that no stop was for.
testing::AssertionResult goes_on(row const& by, outcome<int> const& end, int value) {
    if (end ? *end == value : may_be_taken_along(by, end.error())) return testing::AssertionSuccess();
    return testing::AssertionFailure() << value << ": " << (end ? std::to_string(*end) : end.error().message);
}

bool is_cancelled(auto const& each) {
    return !each && each.error().why == cause::cancelled;
}

TEST_P(a_stop_of_all_beside_the_caller, ends_what_is_there_and_nothing_later) {
    auto executor = make();
    for (int round = 0; round < 3; ++round) {
        std::vector<future<int>> there;
        // Some are queued, or there is room for later ones.
        for (int n = 0; n < (round == 1 ? 3 : 12); ++n)
            there.push_back(executor.submit(sleep_for_ever, &begun_));
        wait_until([&] { return *begun_ > 0; });
        executor.stop();
        std::vector<future<int>> later;
        for (std::size_t n = 0; n < some(); ++n)
            later.push_back(executor.submit(nap, static_cast<int>(n)));
        auto const mapped = executor.try_map(nap, std::vector{1, 2, 3});
        for (int n = 0; n < 3; ++n)
            EXPECT_TRUE(goes_on(GetParam(), mapped[static_cast<std::size_t>(n)], n + 1));
        for (std::size_t n = 0; n < later.size(); ++n)
            ASSERT_TRUE(goes_on(GetParam(), later[n].take(), static_cast<int>(n)));
        for (auto& each : there)
            EXPECT_TRUE(is_cancelled(each.take()));
        *begun_ = 0;
    }
}

TEST_P(a_stop_of_all_beside_the_caller, that_a_loop_hears_of_late_leaves_calls_made_meanwhile) {
    auto executor = make();
    auto const hold = [begun = &begun_, until = &over_](context& ctx) -> task<int> {
        co_await ctx.sleep_for(1ms);
        ++*begun;
        while (*until == 0)
            std::this_thread::sleep_for(1ms);
        co_return 7;
    };
    auto holder = executor.submit(hold);
    wait_until([&] { return *begun_ > 0; });
    executor.stop();
    std::vector<future<int>> later;
    for (int n = 0; n < 20; ++n)
        later.push_back(executor.submit(nap, n));
    *over_ = 1;
    for (int n = 0; n < 20; ++n)
        ASSERT_TRUE(goes_on(GetParam(), later[static_cast<std::size_t>(n)].take(), n));
    auto const end = holder.take();
    EXPECT_TRUE(end ? *end == 7 : is_cancelled(end));
}

TEST_P(a_stop_of_all, ends_a_map) {
    auto executor = make();
    std::jthread const stopper([&] {
        wait_until([&] { return *begun_ > 0; });
        executor.stop();
    });
    for (auto const& each : executor.try_map(sleep_for_ever, std::vector<counter_reference>(20, &begun_)))
        EXPECT_TRUE(is_cancelled(each));
}

TEST_P(a_stop_of_all, is_seen_by_bodies_that_compute) {
    auto executor = make();
    std::jthread const stopper([&] {
        wait_until([&] { return *begun_ > 0; });
        executor.stop();
    });
    auto const body = [](context& ctx, counter_reference begun) -> task<int> {
        ++*begun;
        while (!ctx.stop_requested())
            std::this_thread::yield();
        co_return 7;
    };
    for (auto const& each : executor.try_map(body, std::vector<counter_reference>(5, &begun_)))
        EXPECT_TRUE(each ? *each == 7 : is_cancelled(each));
}

TEST_P(a_stop_of_all, ends_a_stream_between_two_chunks) {
    auto executor = make();
    stream_options options{.window = many() < 1000 ? std::size_t{16} : 0};
    auto results = executor.stream([](int n) { return n; }, std::views::iota(0), options);
    auto other = executor.stream([](int n) { return n; }, std::views::iota(0, 1), options);
    EXPECT_EQ(results.next()->value(), 0);
    executor.stop();
    std::size_t left = 0;
    for (; auto const each = results.next(); ++left) {
        EXPECT_EQ(each->index, left + 1);
        EXPECT_TRUE(*each || is_cancelled(*each));
        ASSERT_LT(left, 100'000u);
    }
    EXPECT_FALSE(other.next());  // it had not pulled anything
    EXPECT_EQ(executor.stream([](int n) { return n; }, std::vector{3}).next()->value(), 3);
}

TEST_P(a_stop_of_all, ends_a_map_in_the_pause_before_its_next_try) {
    auto executor = make();
    std::jthread const stopper([&] {
        wait_until([&] { return *begun_ > 0; });
        std::this_thread::sleep_for(5ms);  // mostly into the pause
        executor.stop();
    });
    auto const broken = [begun = &begun_](int) -> int {
        ++*begun;
        throw std::runtime_error("broken");
    };
    auto const outcomes =
        executor.try_map(broken, std::vector{1}, {.retry = {.times = 100, .pause = std::chrono::hours(1)}});
    EXPECT_FALSE(outcomes[0].has_value());
    EXPECT_EQ(executor.map(nap, std::vector{1}), std::vector{1});
}

TEST_P(a_stop_of_all_beside_the_caller, ends_a_single_call_in_such_a_pause) {
    auto executor = make();
    auto const broken = [begun = &begun_]() -> int {
        ++*begun;
        throw std::runtime_error("broken");
    };
    call_options const options{.retry = {.times = 100, .pause = std::chrono::hours(1)}};
    auto call = executor.submit(options, broken);
    wait_until([&] { return *begun_ > 0; });
    executor.stop();
    EXPECT_FALSE(call.take().has_value());
    EXPECT_EQ(executor.submit(options, nap, 4).get(), 4);
}

TEST_P(a_stop_of_all, from_another_thread_leaves_each_call_one_end) {
    auto executor = make();
    std::atomic<bool> over = false;
    {
        std::jthread const stopper([&] {
            while (!over) {
                executor.stop();
                std::this_thread::sleep_for(200us);
            }
        });
        for (int n = 0; n < static_cast<int>(some()); ++n) {
            auto const end = executor.submit(nap, n).take();
            EXPECT_TRUE(end ? *end == n : is_cancelled(end)) << n;
        }
        over = true;
    }
    for (int n = 0; n < 10; ++n)
        EXPECT_EQ(executor.submit(nap, n).get(), n);
}

TEST_P(a_stop_of_all_within_a_body, leaves_each_task_one_end) {
    auto executor = make();
    auto const body = [all = &executor](context& ctx, int n) -> task<int> {
        if (n == 3) all->stop();
        co_await ctx.sleep_for(n > 3 ? std::chrono::hours(24) : std::chrono::hours(0));
        co_return n;
    };
    auto const outcomes = executor.try_map(body, std::views::iota(0, 12));
    for (std::size_t n = 0; n < outcomes.size(); ++n) {
        auto const& each = outcomes[n];
        EXPECT_TRUE(each ? *each == static_cast<int>(n) && n <= 3 : is_cancelled(each)) << n;
    }
    EXPECT_EQ(executor.map(nap, std::vector{1, 2}), (std::vector{1, 2}));
}

}  // namespace
}  // namespace quartet::conformance::executor_stop_test
