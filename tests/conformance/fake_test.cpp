// What only the fake has: its clock, its answers, its files.
#include <quartet/fake.hpp>
#include <quartet/structured.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace quartet::fake_test {
namespace {

using namespace std::chrono_literals;

class the_fake : public testing::Test {
protected:
    executor make(fake_options options = {}) {
        return executor(std::make_unique<fake>(world_, std::move(options)));
    }
    fake_world world_;
};

task<void> sleep(context& ctx, int hours) {
    co_await ctx.sleep_for(std::chrono::hours(hours));
}

TEST_F(the_fake, sleeps_for_years_at_once) {
    make().map(sleep, std::vector{10'000, 24, 3});
    EXPECT_EQ(world_.now(), 10'000h);
}

TEST_F(the_fake, sleeps_one_after_another_where_one_is_in_flight) {
    make({.limit = 1}).map(sleep, std::vector{5, 3});
    EXPECT_EQ(world_.now(), 8h);
}

TEST_F(the_fake, goes_on_with_the_clock_in_the_next_map) {
    auto executor = make();
    executor.map(sleep, std::vector{1});
    executor.map(sleep, std::vector{2});
    EXPECT_EQ(world_.now(), 3h);
}

TEST_F(the_fake, reaches_time_limits_at_their_moment) {
    auto const body = [](context& ctx, int hours) -> task<bool> {
        try {
            co_await ctx.with_timeout(5h, ctx.sleep_for(std::chrono::hours(hours)));
            co_return false;
        } catch (timed_out const&) {
            co_return true;
        }
    };
    EXPECT_EQ(make().map(body, std::vector{3, 8}), (std::vector{false, true}));
    EXPECT_EQ(world_.now(), 5h);
}

TEST_F(the_fake, runs_children_at_the_same_time) {
    auto const body = [](context& ctx, int) -> task<void> {
        co_await when_all(ctx.sleep_for(2h), ctx.sleep_for(3h));
        co_await when_any(ctx.sleep_for(4h), ctx.sleep_for(5h));
    };
    make().map(body, std::vector{1});
    EXPECT_EQ(world_.now(), 7h);
}

TEST_F(the_fake, sleeps_for_ever_without_an_overflow) {
    auto const body = [](context& ctx, int) -> task<void> {
        co_await ctx.sleep_for(1h);
        co_await ctx.sleep_for(std::chrono::nanoseconds::max());
    };
    make().map(body, std::vector{1, 2});
    EXPECT_EQ(world_.now(), std::chrono::nanoseconds::max());
}

TEST_F(the_fake, wakes_sleepers_in_the_order_of_their_deadlines) {
    auto const body = [](context& ctx, int seconds) -> task<void> {
        co_await ctx.sleep_for(std::chrono::seconds(seconds));
        ctx.log(std::to_string(seconds));
    };
    make().map(body, std::vector{3, 1, 2});
    ASSERT_EQ(world_.log.size(), 3u);
    EXPECT_EQ(world_.log[0].line, "1");
    EXPECT_EQ(world_.log[1].line, "2");
    EXPECT_EQ(world_.log[2].line, "3");
    EXPECT_EQ(world_.log[2].time.time_since_epoch(), 3s);
    EXPECT_EQ(world_.log[2].worker, "fake-0");
}

task<int> fetch(context& ctx, std::string url) {
    http_request request(url);
    request.timeout = 2s;
    co_return (co_await ctx.fetch(std::move(request))).status;
}

TEST_F(the_fake, answers_fetches_after_their_latency) {
    world_.on_fetch = [](http_request const& request) {
        return fake_reply{.response = {.status = request.url == "a" ? 200 : 404},
                          .latency = request.url == "a" ? 1s : 2s};
    };
    EXPECT_EQ(make().map(fetch, std::vector<std::string>{"a", "b"}), (std::vector{200, 404}));
    EXPECT_EQ(world_.now(), 2s);
    ASSERT_EQ(world_.requests.size(), 2u);
    EXPECT_EQ(world_.requests[1].url, "b");
}

TEST_F(the_fake, ends_a_fetch_at_its_timeout) {
    world_.on_fetch = [](http_request const&) { return fake_reply{.latency = 1h}; };
    auto const outcomes = make().try_map(fetch, std::vector<std::string>{"a"});
    EXPECT_THROW(outcomes[0].value(), fetch_error);
    EXPECT_EQ(outcomes[0].error().message, "GET a: timed out");
    EXPECT_EQ(world_.now(), 2s);
}

TEST_F(the_fake, throws_what_the_answer_throws) {
    world_.on_fetch = [](http_request const&) -> fake_reply {
        throw fetch_error(fetch_error::kind::reply, "cut off");
    };
    EXPECT_EQ(make().try_map(fetch, std::vector<std::string>{"a"})[0].error().message, "cut off");
}

TEST_F(the_fake, refuses_fetches_without_an_answer) {
    auto const outcomes = make().try_map(fetch, std::vector<std::string>{"a"});
    EXPECT_EQ(outcomes[0].error().message, "GET a: the fake world answers no fetches");
}

TEST_F(the_fake, stops_fetches) {
    std::stop_source source;
    world_.on_fetch = [&](http_request const&) {
        source.request_stop();
        return fake_reply{.latency = 1s};
    };
    auto const outcomes =
        make().try_map(fetch, std::vector<std::string>{"a", "b"}, {.stop = source.get_token()});
    EXPECT_EQ(outcomes[0].error().why, cause::cancelled);
    EXPECT_EQ(outcomes[1].error().why, cause::cancelled);
    EXPECT_EQ(world_.now(), 0s);
}

TEST_F(the_fake, keeps_files_in_memory) {
    world_.files["in"] = "hello";
    auto const body = [](context& ctx, int) -> task<void> {
        auto out = co_await ctx.open_file("out", open_mode::append);
        co_await out.append(co_await ctx.read_file("in"));
        co_await out.append(", world");
    };
    make().map(body, std::vector{1});
    EXPECT_EQ(world_.files["out"], "hello, world");
}

TEST_F(the_fake, needs_a_limit_above_zero) {
    EXPECT_THROW(make({.limit = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace quartet::fake_test
