// Streams: outcomes of inputs that are pulled one by one, in order or as they come, with bounded memory.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <chrono>
#include <ranges>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>

namespace quartet::conformance::stream_test {
namespace {

using namespace std::chrono_literals;

class a_stream : public any_model {
protected:
    /// The usual window; 16 for models to which fewer than 1000 tasks are a lot.
    stream_options modest() const { return {.window = many() < 1000 ? std::size_t{16} : 0}; }

    int some() const { return static_cast<int>(std::min<std::size_t>(many(), sanitized ? 300 : 5000)); }
};
QUARTET_SUITE(a_stream, all_rows());

TEST_P(a_stream, gives_results_in_the_order_of_the_inputs) {
    auto executor = make();
    int expected = 0;
    for (auto const& each : executor.stream([](int n) { return 3 * n; }, std::views::iota(0, some()))) {
        ASSERT_EQ(each.index, static_cast<std::size_t>(expected));
        ASSERT_EQ(each.value(), 3 * expected++);
    }
    EXPECT_EQ(expected, some());
}

TEST_P(a_stream, gives_each_result_once_as_they_complete) {
    auto executor = make();
    std::set<std::size_t> seen;
    auto const body = [](context& ctx, int n) -> task<int> {
        co_await ctx.sleep_for(std::chrono::microseconds(n % 3 * 100));
        co_return n;
    };
    stream_options options;
    options.order = stream_order::as_completed;
    int const count = std::min(some(), 300);
    for (auto const& each : executor.stream(body, std::views::iota(0, count), options)) {
        ASSERT_EQ(each.value(), static_cast<int>(each.index));
        ASSERT_TRUE(seen.insert(each.index).second);
    }
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(count));
}

TEST_P(a_stream, of_nothing_is_empty_and_of_one_has_one) {
    auto executor = make();
    EXPECT_FALSE(executor.stream([](int n) { return n; }, std::vector<int>{}).next());
    auto one = executor.stream([](int n) { return n; }, std::vector{4});
    EXPECT_EQ(one.next()->value(), 4);
    EXPECT_FALSE(one.next());
    EXPECT_FALSE(one.next());
}

TEST_P(a_stream, takes_inputs_that_never_end) {
    auto executor = make();
    int last = -1;
    for (auto const& each : executor.stream([](int n) { return n; }, std::views::iota(0), modest())) {
        last = each.value();
        if (last == 99) break;
    }
    EXPECT_EQ(last, 99);
    EXPECT_EQ(executor.map([](int n) { return n; }, std::vector{1}), std::vector{1});
}

TEST_P(a_stream, pulls_no_more_than_its_window) {
    auto executor = make();
    std::size_t pulled = 0;
    std::size_t taken = 0;
    std::size_t most = 0;
    auto inputs = std::views::iota(0, 200) | std::views::transform([&](int n) {
                      most = std::max(most, ++pulled - taken);
                      return n;
                  });
    stream_options options;
    options.window = 10;
    for (auto const& each : executor.stream([](int n) { return n; }, inputs, options)) {
        ASSERT_EQ(each.value(), static_cast<int>(taken));
        ++taken;
    }
    EXPECT_EQ(taken, 200u);
    EXPECT_LE(most, 10u);
}

TEST_P(a_stream, goes_on_after_failures) {
    auto executor = make();
    auto const body = [](int n) {
        if (n % 3 == 0) throw std::invalid_argument("three");
        return n;
    };
    int count = 0;
    for (auto const& each : executor.stream(body, std::views::iota(0, 60))) {
        ASSERT_EQ(each.has_value(), count % 3 != 0);
        if (!each) {
            EXPECT_EQ(each.error().message, "three");
        }
        ++count;
    }
    EXPECT_EQ(count, 60);
}

TEST_P(a_stream, numbers_its_failures_as_its_inputs) {
    auto executor = make();
    auto const body = [](context& ctx, int n) -> task<int> {
        co_await ctx.yield();
        if (n % 7 == 5) throw std::invalid_argument("seven");
        co_return n;
    };
    for (std::size_t const chunk : {0u, 1u, 3u, 40u}) {
        for (auto const order : {stream_order::as_inputs, stream_order::as_completed}) {
            auto options = modest();
            options.order = order;
            options.call.chunk_size = chunk;
            std::size_t failed = 0;
            for (auto const& each : executor.stream(body, std::views::iota(0, 100), options)) {
                ASSERT_EQ(each.has_value(), each.index % 7 != 5) << each.index;
                if (each) continue;
                ++failed;
                EXPECT_EQ(each.error().index, each.index);
            }
            EXPECT_EQ(failed, 14u);
        }
    }
}

TEST_P(a_stream, numbers_what_is_cancelled_as_its_inputs) {
    auto executor = make();
    std::stop_source source;
    stream_options options{.window = 12, .call = {.stop = source.get_token(), .chunk_size = 4}};
    auto const body = [](context& ctx, int n) -> task<int> {
        if (n >= 6) co_await ctx.sleep_for(24h);
        co_return n;
    };
    std::jthread const stopper([&] {
        std::this_thread::sleep_for(20ms);
        source.request_stop();
    });
    for (auto const& each : executor.stream(body, std::views::iota(0, 12), options)) {
        EXPECT_TRUE(each || each.error().index == each.index) << each.index;
    }
}

TEST_P(a_stream, ends_after_a_failure_if_asked_to) {
    auto executor = make();
    auto const body = [](int n) {
        if (n == 5) throw std::invalid_argument("five");
        return n;
    };
    auto options = modest();
    options.call.failure = on_failure::stop_all;
    std::size_t count = 0;
    for (auto const& each : executor.stream(body, std::views::iota(0), options)) {
        ASSERT_TRUE(each.index >= 5 || each.has_value()) << each.index;
        ASSERT_TRUE(each.index != 5 || !each.has_value());
        ++count;
        ASSERT_LT(count, 100'000u);
    }
    EXPECT_GE(count, 6u);
}

TEST_P(a_stream, gives_what_it_has_before_it_throws_what_its_inputs_threw) {
    auto executor = make();
    auto inputs = std::views::iota(0) | std::views::transform([](int n) {
                      if (n == 20) throw std::runtime_error("no more");
                      return n;
                  });
    auto results = executor.stream([](int n) { return n; }, inputs);
    for (int n = 0; n < 20; ++n)
        ASSERT_EQ(results.next()->value(), n);
    EXPECT_THROW(results.next(), std::runtime_error);
    EXPECT_FALSE(results.next());
}

TEST_P(a_stream, may_be_stopped) {
    auto executor = make();
    auto results = executor.stream([](int n) { return n; }, std::views::iota(0), modest());
    EXPECT_EQ(results.next()->value(), 0);
    results.stop();
    std::size_t left = 0;
    while (results.next())
        ++left;
    EXPECT_LT(left, 100'000u);
}

TEST_P(a_stream, may_be_dropped_while_tasks_wait) {
    auto executor = make();
    auto const body = [](context& ctx, int n) -> task<int> {
        if (n > 0) co_await ctx.sleep_for(24h);
        co_return n;
    };
    stream_options options;
    options.window = 8;
    bool const only_one = executor.concurrency() == 1;
    EXPECT_EQ(executor.stream(body, std::views::iota(0, only_one ? 1 : 8), options).next()->value(), 0);
}

TEST_P(a_stream, carries_strings) {
    auto executor = make();
    std::vector<std::string> const words{"one", "two", "three"};
    std::string all;
    for (auto& each : executor.stream([](std::string const& word) { return word + "!"; }, words))
        all += std::move(each).value();
    EXPECT_EQ(all, "one!two!three!");
}

TEST_P(a_stream, is_one_of_several) {
    auto executor = make();
    auto ones = executor.stream([](int n) { return n; }, std::views::iota(0), modest());
    auto tens = executor.stream([](int n) { return 10 * n; }, std::views::iota(0), modest());
    for (int n = 0; n < 50; ++n) {
        ASSERT_EQ(ones.next()->value(), n);
        ASSERT_EQ(tens.next()->value(), 10 * n);
    }
}

class calls_of_other_forms : public any_model {};
QUARTET_SUITE(calls_of_other_forms, all_rows());

TEST_P(calls_of_other_forms, spread_tuples_and_pairs) {
    auto executor = make();
    std::vector<std::tuple<int, std::string>> const tuples{{1, "a"}, {2, "b"}};
    EXPECT_EQ(executor.starmap([](int n, std::string const& s) { return s + std::to_string(n); }, tuples),
              (std::vector<std::string>{"a1", "b2"}));
    std::vector<std::pair<int, int>> const pairs{{2, 3}, {4, 5}};
    auto const multiply = [](context& ctx, int a, int b) -> task<int> {
        co_await ctx.yield();
        co_return a* b;
    };
    EXPECT_EQ(executor.starmap(multiply, pairs), (std::vector{6, 20}));
}

TEST_P(calls_of_other_forms, do_without_results) {
    shared_counter sum;
    auto executor = make();
    auto const add = [count = counter_reference(&sum)](int n) {
        *count += static_cast<std::size_t>(n);
        return std::string(1000, 'x');
    };
    executor.for_each(add, std::vector{1, 2, 3});
    EXPECT_EQ(*sum, 6u);
    EXPECT_THROW(executor.for_each([](int) -> int { throw 1; }, std::vector{1}), map_error);
}

}  // namespace
}  // namespace quartet::conformance::stream_test
