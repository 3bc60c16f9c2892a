// make_executor("auto"): what it chooses, and that everything goes on meanwhile. That it keeps every promise
// of a model is shown by the conformance suite, where it has a row.
#include "tests/sanitized.hpp"

#include <quartet/quartet.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace quartet::automatic_test {
namespace {

using namespace std::chrono_literals;
using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

task<int> nap(context& ctx, int number) {
    co_await ctx.sleep_for(20ms);
    co_return number;
}

int block(int number) {
    std::this_thread::sleep_for(5ms);
    return number;
}

int compute(int number) {
    auto const end = std::chrono::steady_clock::now() + 2ms;
    while (std::chrono::steady_clock::now() < end) {
    }
    return number;
}

std::vector<int> numbers(int count) {
    std::vector<int> made(static_cast<std::size_t>(count));
    std::iota(made.begin(), made.end(), 0);
    return made;
}

class automatic : public testing::Test {
protected:
    void SetUp() override { setenv("XDG_CACHE_HOME", "/nonexistent", 1); }  // usual costs

    executor made_ = make_executor("auto", {.log = [this](log_record const& record) {
                                       std::lock_guard const lock(mutex_);
                                       lines_.push_back(record.worker + ' ' + record.line);
                                   }});
    std::mutex mutex_;
    std::vector<std::string> lines_;
};

TEST_F(automatic, has_not_chosen_before_there_is_anything_to_do) {
    EXPECT_EQ(made_.spec(), "auto");
    EXPECT_EQ(made_.reason(), "");
    EXPECT_EQ(made_.map(nap, std::vector<int>{}), std::vector<int>());
    EXPECT_EQ(made_.spec(), "auto");
}

TEST_F(automatic, takes_loops_for_tasks_that_wait) {
    EXPECT_EQ(made_.map(nap, numbers(1000)), numbers(1000));
    EXPECT_THAT(made_.spec(), HasSubstr("async"));
    EXPECT_THAT(made_.reason(), HasSubstr("wait"));
    made_.join();
    EXPECT_THAT(lines_, Contains(StartsWith("auto " + made_.spec() + ": " + made_.reason())));
}

TEST_F(automatic, takes_threads_for_tasks_that_compute) {
    EXPECT_EQ(made_.map(compute, numbers(50)), numbers(50));
    EXPECT_THAT(made_.spec(), StartsWith("threads:"));
}

TEST_F(automatic, takes_many_threads_for_functions_that_wait) {
    EXPECT_EQ(made_.map(block, numbers(500)), numbers(500));
    EXPECT_THAT(made_.spec(), StartsWith("threads:"));
    EXPECT_THAT(made_.spec(), testing::Not(HasSubstr("async")));
    EXPECT_GT(made_.concurrency(), usable_cpus()) << made_.spec();
}

TEST_F(automatic, has_functions_wait_on_threads_after_it_took_a_loop) {
    made_.map(nap, numbers(1000));
    ASSERT_THAT(made_.spec(), HasSubstr("async"));
    auto const names = made_.map([](int) { return std::this_thread::get_id(); }, numbers(10));
    auto const on_loop =
        made_.submit([](context&, int) -> task<std::thread::id> { co_return std::this_thread::get_id(); }, 1)
            .get();
    EXPECT_THAT(names, testing::Each(testing::Ne(on_loop)));
}

TEST_F(automatic, chooses_by_single_calls_too) {
    std::vector<future<int>> calls;
    for (int number = 0; number < 300; ++number)
        calls.push_back(made_.submit(nap, number));
    for (int number = 0; number < 300; ++number)
        EXPECT_EQ(calls[static_cast<std::size_t>(number)].get(), number);
    EXPECT_THAT(made_.spec(), HasSubstr("async"));
}

TEST_F(automatic, lets_bodies_wait_for_calls_of_their_own) {
    auto const outer = [this](int number) {
        auto const inner = made_.map(compute, numbers(3));
        return number + std::accumulate(inner.begin(), inner.end(), 0);
    };
    auto const found = made_.map(outer, numbers(20));
    for (int number = 0; number < 20; ++number)
        EXPECT_EQ(found[static_cast<std::size_t>(number)], number + 3);
    EXPECT_THAT(made_.spec(), AnyOf("auto", StartsWith("threads:")));
}

TEST_F(automatic, stops_what_waits_for_the_choice) {
    auto const forever = [](context& ctx, int) -> task<void> { co_await ctx.sleep_for(1h); };
    std::vector<future<void>> calls;
    for (int number = 0; number < 100; ++number)
        calls.push_back(made_.submit(forever, number));
    made_.stop();
    for (auto& each : calls)
        EXPECT_ANY_THROW(each.get());
}

TEST_F(automatic, ends_with_calls_that_nobody_waits_for) {
    for (int number = 0; number < 100; ++number)
        static_cast<void>(made_.submit(nap, number));
}

}  // namespace
}  // namespace quartet::automatic_test
