// Further tries of what failed: of maps, streams and single calls.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <random>
#include <ranges>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace quartet::conformance::retry_test {
namespace {

using namespace std::chrono_literals;

class a_retry : public any_model {
protected:
    shared_counter tries_;  // before the executor
};
QUARTET_SUITE(a_retry, all_rows());

class a_retry_of_a_call : public a_retry {};
QUARTET_SUITE(a_retry_of_a_call, rows_with_real_io());

/// Of calls that go on beside the caller.
class a_retry_beside_the_caller : public a_retry {};
QUARTET_SUITE(a_retry_beside_the_caller,
              rows_where([](row const& each) { return each.real_io && each.name != "single"; }));

call_options retries(std::size_t times, std::chrono::nanoseconds pause = 1ms) {
    return {.retry = {.times = times, .pause = pause}};
}

/// Of 0 to 3: 1 fails twice, 2 for ever.
auto flaky(counter_reference tries) {
    return [tries](int n) {
        if (n == 1 && ++*tries < 3) throw std::runtime_error("not yet");
        if (n == 2) throw std::invalid_argument("never");
        return n;
    };
}

auto broken() {
    return [](int) -> int { throw std::runtime_error("broken"); };
}

TEST_P(a_retry, of_a_map_is_of_the_failures_that_are_named) {
    auto executor = make();
    auto options = retries(5);
    options.retry.when = [](failure const& why) { return why.message == "not yet"; };
    auto const outcomes = executor.try_map(flaky(&tries_), std::vector{0, 1, 2, 3}, options);
    EXPECT_EQ(outcomes[1].value(), 1);
    EXPECT_EQ(*tries_, 3u);
    EXPECT_EQ(outcomes[2].error().message, "never");
    EXPECT_EQ(outcomes[2].error().index, 2u);
    EXPECT_EQ(outcomes[3].value(), 3);
    *tries_ = 0;
    EXPECT_THROW(executor.map(flaky(&tries_), std::vector{0, 1, 2, 3}, options), map_error);
    *tries_ = 0;
    options.retry.times = 1;
    EXPECT_EQ(executor.try_map(flaky(&tries_), std::vector{1}, options)[0].error().message, "not yet");
}

/// The failures of a map of broken() over two inputs, and how many of them it asked about.
struct broken_map {
    std::atomic<std::size_t> asked = 0;
    std::vector<failure> failures{};

    void run(executor& runs, call_options options) {
        options.retry.when = [this](failure const& why) { return asked += why.message == "broken", true; };
        try {
            runs.map(broken(), std::vector{1, 2}, options);
            ADD_FAILURE() << "nothing was thrown";
        } catch (map_error const& failed) {
            failures = failed.failures();
        }
    }

    void expect_broken() const {
        ASSERT_EQ(failures.size(), 2u);
        EXPECT_EQ(failures[1].message, "broken");
        EXPECT_EQ(failures[1].index, 1u);
    }
};

TEST_P(a_retry, of_a_map_that_is_stopped_in_a_pause_leaves_the_failures) {
    auto executor = make();
    std::stop_source source;
    auto options = retries(5, 1h);
    options.stop = source.get_token();
    broken_map map;
    std::jthread const stopper([&] {
        wait_until([&] { return map.asked == 2; });
        source.request_stop();
    });
    map.run(executor, options);
    map.expect_broken();
}

// A limit that is up before both bodies have run is too short for this machine.
TEST_P(a_retry, of_a_map_whose_time_is_up_in_a_pause_leaves_the_failures) {
    auto executor = make();
    auto options = retries(5, 1h);
    for (options.timeout = 50ms;; options.timeout *= 4) {
        broken_map map;
        map.run(executor, options);
        if (map.asked == 2) return map.expect_broken();
    }
}

TEST_P(a_retry, of_a_stream_comes_before_its_result_is_taken) {
    auto executor = make();
    stream_options options{.call = retries(5)};
    options.call.retry.when = [](failure const& why) { return why.message == "not yet"; };
    std::size_t place = 0;
    for (auto const& each : executor.stream(flaky(&tries_), std::views::iota(0, 4), options)) {
        EXPECT_EQ(each.index, place++);
        EXPECT_EQ(each.has_value(), each.index != 2);
    }
    EXPECT_EQ(place, 4u);
    EXPECT_EQ(*tries_, 3u);
}

TEST_P(a_retry, of_a_stream_is_asked_about_by_the_numbers_of_its_inputs) {
    auto executor = make();
    std::set<std::size_t> asked;
    stream_options options{.window = 12, .call = retries(2)};
    options.call.chunk_size = 4;
    options.call.retry.when = [&](failure const& why) {
        asked.insert(why.index);
        return why.index != 8;
    };
    auto const body = [](int n) {
        if (n % 8 == 0) throw std::runtime_error("eight");
        return n;
    };
    for (auto const& each : executor.stream(body, std::views::iota(0, 20), options)) {
        EXPECT_EQ(each.has_value(), each.index % 8 != 0);
        EXPECT_TRUE(each || each.error().index == each.index) << each.index;
    }
    EXPECT_EQ(asked, (std::set<std::size_t>{0, 8, 16}));
}

TEST_P(a_retry, of_a_stream_that_is_stopped_leaves_failures_with_the_numbers_of_their_inputs) {
    auto executor = make();
    stream_options options{.window = 8, .call = retries(5, 1h)};
    options.call.chunk_size = 4;
    options.call.timeout = 50ms;
    std::size_t place = 0;
    for (auto const& each : executor.stream(broken(), std::views::iota(0, 8), options)) {
        ASSERT_FALSE(each.has_value());
        EXPECT_EQ(each.error().index, place++);
    }
}

TEST_P(a_retry_of_a_call, goes_on_until_it_succeeds) {
    auto executor = make();
    auto call = executor.submit(retries(5), flaky(&tries_), 1);
    EXPECT_EQ(call.get(), 1);
    EXPECT_EQ(*tries_, 3u);
}

TEST_P(a_retry_of_a_call, ends_with_the_last_failure) {
    auto executor = make();
    auto const body = [tries = &tries_]() -> int {
        throw std::runtime_error("try " + std::to_string(++*tries));
    };
    EXPECT_EQ(executor.submit(retries(2), body).take().error().message, "try 3");
    auto options = retries(2);
    options.retry.when = [](failure const&) { return false; };
    EXPECT_EQ(executor.submit(options, body).take().error().message, "try 4");
}

struct unique_number {
    unique_number() = default;
    explicit unique_number(int value) : number(value) {}
    unique_number(unique_number&&) = default;
    unique_number& operator=(unique_number&&) = default;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(number);
    }
    int number = 0;
};

TEST_P(a_retry_of_a_call, with_what_cannot_be_copied_is_refused) {
    auto executor = make();
    auto const body = [](unique_number const& each) { return each.number; };
    EXPECT_EQ(executor.submit(body, unique_number{4}).get(), 4);
    EXPECT_THROW(static_cast<void>(executor.submit(retries(1), body, unique_number{4})),
                 std::invalid_argument);
}

TEST_P(a_retry_beside_the_caller, of_a_call_ends_in_a_pause_when_it_is_cancelled) {
    auto executor = make();
    auto options = retries(100, 1h);
    auto call = executor.submit(options, flaky(&tries_), 1);
    wait_until([&] { return *tries_ == 1; });
    EXPECT_FALSE(call.wait_for(5ms));
    call.cancel();
    auto const ended = call.take();
    ASSERT_FALSE(ended.has_value());
    EXPECT_TRUE(ended.error().message == "not yet" || ended.error().why == cause::cancelled);
}

TEST_P(a_retry_of_a_call, ends_when_its_time_is_up) {
    auto executor = make();
    auto options = retries(100, 1h);
    options.timeout = 50ms;
    auto const sleeper = [](context& ctx) -> task<int> {
        co_await ctx.sleep_for(1h);
        co_return 1;
    };
    for (auto const& ended :
         {executor.submit(options, broken(), 1).take(), executor.submit(options, sleeper).take()}) {
        ASSERT_FALSE(ended.has_value());
        EXPECT_EQ(ended.error().why, cause::timed_out) << ended.error().message;
    }
}

TEST_P(a_retry_of_a_call, never_begins_when_it_is_stopped_before) {
    auto executor = make();
    std::stop_source source;
    source.request_stop();
    auto options = retries(100);
    options.stop = source.get_token();
    EXPECT_EQ(executor.submit(options, flaky(&tries_), 1).take().error().why, cause::cancelled);
    EXPECT_EQ(*tries_, 0u);
}

TEST(a_retry_of_a_call_under_fake, is_refused) {
    fake_world world;
    executor executor(std::make_unique<fake>(world));
    EXPECT_THROW(static_cast<void>(executor.submit(retries(1), broken(), 1)), std::invalid_argument);
}

TEST_P(a_retry_beside_the_caller, of_a_call_ends_with_the_executor) {
    for (int round = 0; round < 3; ++round) {
        std::vector<future<int>> calls;
        {
            auto executor = make();
            for (int n = 0; n < 10; ++n)
                calls.push_back(executor.submit(retries(100, n % 2 ? 1us : 1h), broken(), n));
            if (round == 1) executor.stop();
        }
        for (auto& each : calls)
            EXPECT_FALSE(each.take().has_value());
    }
}

// A body that answers a stop with a failure of its own is not tried again.
TEST_P(a_retry_beside_the_caller, of_a_call_ends_when_the_executor_is_stopped) {
    auto executor = make();
    auto const body = [tries = &tries_](context& ctx) -> task<void> {
        ++*tries;
        try {
            co_await ctx.sleep_for(1h);
        } catch (cancelled const&) {
            throw std::runtime_error("no");
        }
    };
    auto call = executor.submit(retries(100), body);
    wait_until([&] { return *tries_ == 1; });
    executor.stop();
    EXPECT_FALSE(call.take().has_value());
    EXPECT_EQ(*tries_, 1u);
}

// The stop ends the call, and what is left of it, on the thread that asks for it.
TEST_P(a_retry_beside_the_caller, of_a_dropped_call_may_be_stopped_before_it_begins) {
    auto executor = make();
    auto const hold = [](context& ctx) -> task<void> { co_await ctx.sleep_for(1h); };
    std::vector<future<void>> holders;
    for (int n = 0; n < 20; ++n)
        holders.push_back(executor.submit(hold));
    for (int round = 0; round < 20; ++round) {
        std::stop_source source;
        auto options = retries(1, 1h);
        options.stop = source.get_token();
        static_cast<void>(executor.submit(options, broken(), 1));
        source.request_stop();
    }
    for (auto& each : holders)
        each.cancel();
}

TEST_P(a_retry_beside_the_caller, that_a_body_asks_for_is_joined) {
    if (!GetParam().traits.shares_memory) return;
    auto executor = make();
    auto const outer = [runs = &executor, tries = &tries_] {
        static_cast<void>(runs->submit(retries(3), flaky(tries), 1));
    };
    auto call = executor.submit(outer);
    executor.join();
    EXPECT_EQ(*tries_, 3u);
    call.get();
}

TEST_P(a_retry_beside_the_caller, of_calls_is_joined) {
    auto executor = make();
    auto call = executor.submit(retries(5), flaky(&tries_), 1);
    executor.join();
    EXPECT_TRUE(call.done());
    EXPECT_EQ(call.get(), 1);
}

TEST_P(a_retry_beside_the_caller, has_one_end_whenever_it_is_cancelled) {
    std::mt19937 random(20'261'123);
    auto executor = make();
    for (int round = 0; round < 5; ++round) {
        std::vector<future<int>> calls;
        for (int n = 0; n < 30; ++n) {
            auto options = retries(random() % 4 + 1, std::chrono::microseconds(random() % 2000));
            calls.push_back(executor.submit(options, broken(), n));
            if (random() % 3 == 0) calls[random() % calls.size()].cancel();
        }
        for (auto& each : calls)
            ASSERT_FALSE(each.take().has_value());
    }
}

}  // namespace
}  // namespace quartet::conformance::retry_test
