// Programs of Asio that run bodies, under every model: what becomes of a call is an operation of Asio.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <quartet/asio.hpp>
#include <quartet/quartet.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#if BOOST_VERSION >= 107700
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#endif

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace quartet::conformance::asio_calls_test {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class a_call_from_asio : public any_model {};
QUARTET_SUITE(a_call_from_asio, rows_with_real_io());

/// Rows whose calls go on beside the caller.
class a_call_from_asio_under_way : public any_model {};
QUARTET_SUITE(a_call_from_asio_under_way,
              rows_where([](row const& each) { return each.real_io && each.name != "single"; }));

task<std::string> twice(context& ctx, std::string const& text) {
    co_await ctx.sleep_for(1ms);
    if (text.empty()) throw std::invalid_argument("nothing to double");
    co_return text + text;
}

task<void> nothing(context& ctx, int) {
    co_await ctx.yield();
}

std::string text_of(std::exception_ptr const& why) {
    try {
        std::rethrow_exception(why);
    } catch (std::exception const& error) {
        return error.what();
    }
}

TEST_P(a_call_from_asio, gives_its_value_to_a_handler_on_the_io_context) {
    auto executor = make();
    asio::io_context io;
    std::string got;
    std::thread::id where;
    async_get(io, executor.submit(twice, std::string("ab")), [&](std::exception_ptr why, std::string value) {
        got = why ? text_of(why) : value;
        where = std::this_thread::get_id();
    });
    EXPECT_EQ(got, "");  // never within the function
    io.run();            // as long as the call is under way
    EXPECT_EQ(got, "abab");
    EXPECT_EQ(where, std::this_thread::get_id());
}

TEST_P(a_call_from_asio, gives_its_exception_to_a_handler) {
    auto executor = make();
    asio::io_context io;
    std::string got;
    async_get(io.get_executor(), executor.submit(twice, std::string()),
              [&](std::exception_ptr why, std::string const& value) { got = text_of(why) + value; });
    io.run();
    EXPECT_EQ(got, "nothing to double");
}

TEST_P(a_call_from_asio, may_give_nothing_or_its_whole_outcome) {
    auto executor = make();
    asio::io_context io;
    int ended = 0;
    std::optional<outcome<std::string>> got;
    async_get(io, executor.submit(nothing, 1), [&](std::exception_ptr why) { ended += why ? 100 : 1; });
    async_take(io, executor.submit(nothing, 1), [&](outcome<void> const& end) { ended += end ? 1 : 100; });
    async_take(io, executor.submit(twice, std::string()),
               [&](outcome<std::string> end) { got = std::move(end); });
    io.run();
    EXPECT_EQ(ended, 2);
    ASSERT_TRUE(got && !got->has_value());
    EXPECT_EQ(got->error().message, "nothing to double");
}

TEST_P(a_call_from_asio, calls_a_handler_on_its_own_executor) {
    auto executor = make();
    asio::io_context io;
    asio::io_context other;
    auto const strand = asio::make_strand(other);
    bool on_strand = false;
    async_get(io, executor.submit(nothing, 1), asio::bind_executor(strand, [&](std::exception_ptr const&) {
                  on_strand = strand.running_in_this_thread();
              }));
    io.run();
    other.run();
    EXPECT_TRUE(on_strand);
}

TEST_P(a_call_from_asio, gives_a_std_future) {
    auto executor = make();
    asio::io_context io;
    auto good = async_get(io, executor.submit(twice, std::string("x")), asio::use_future);
    auto bad = async_get(io, executor.submit(twice, std::string()), asio::use_future);
    io.run();
    EXPECT_EQ(good.get(), "xx");
    EXPECT_THROW(bad.get(), std::invalid_argument);
}

TEST_P(a_call_from_asio, is_awaited_in_a_coroutine_of_asio) {
    auto executor = make();
    asio::io_context io;
    std::vector<std::string> got;
    auto const program = [&]() -> asio::awaitable<void> {
        got.push_back(co_await async_get(io, executor.submit(twice, std::string("a")), asio::use_awaitable));
        auto const second =
            co_await async_take(io, executor.submit(twice, std::string("b")), asio::use_awaitable);
        got.push_back(second.value());
        co_await async_get(io, executor.submit(nothing, 1), asio::use_awaitable);
        try {
            co_await async_get(io, executor.submit(twice, std::string()), asio::use_awaitable);
        } catch (std::invalid_argument const& error) {
            got.emplace_back(error.what());
        }
    };
    asio::co_spawn(io, program, asio::detached);
    io.run();
    EXPECT_EQ(got, (std::vector<std::string>{"aa", "bb", "nothing to double"}));
}

TEST_P(a_call_from_asio, is_one_of_many) {
    auto executor = make();
    asio::io_context io;
    int ended = 0;
    for (int i = 0; i < 100; ++i)
        async_get(io, executor.submit(nothing, i),
                  [&](std::exception_ptr const& why) { ended += why ? 0 : 1; });
    io.run();
    EXPECT_EQ(ended, 100);
}

struct can_not_be_made_by_default {
    explicit can_not_be_made_by_default(int n) : number(n) {}
    int number;
};

TEST(an_asio_call, gives_an_outcome_of_what_has_no_default) {
    auto executor = make_executor("threads:1");
    asio::io_context io;
    int got = 0;
    auto const body = [](context&, int n) -> task<can_not_be_made_by_default> {
        co_return can_not_be_made_by_default(n);
    };
    async_take(io, executor.submit(body, 7),
               [&](outcome<can_not_be_made_by_default> const& end) { got = end.value().number; });
    io.run();
    EXPECT_EQ(got, 7);
}

// ---- Calls that are under way

struct gate {
    std::atomic<bool> begun{false};
    std::atomic<bool> open{false};
    std::atomic<bool> passed{false};
};

task<int> pass(context& ctx, shared_reference<gate> at) {
    at->begun = true;
    while (!at->open)
        co_await ctx.sleep_for(1ms);
    at->passed = true;
    co_return 1;
}

TEST_P(a_call_from_asio_under_way, is_cancelled_by_a_stop) {
    shared<gate> shut;
    auto executor = make();
    asio::io_context io;
    std::stop_source stop;
    std::optional<outcome<int>> got;
    async_take(io, executor.submit({.stop = stop.get_token()}, pass, &shut),
               [&](outcome<int> end) { got = std::move(end); });
    wait_until([&] { return shut->begun.load(); });
    stop.request_stop();
    io.run();
    ASSERT_TRUE(got && !got->has_value());
    EXPECT_EQ(got->error().why, cause::cancelled);
}

#if BOOST_VERSION >= 107700
TEST_P(a_call_from_asio_under_way, is_cancelled_by_the_slot_of_its_handler) {
    shared<gate> shut;
    auto executor = make();
    asio::io_context io;
    asio::cancellation_signal signal;
    std::optional<outcome<int>> got;
    async_take(io, executor.submit(pass, &shut),
               asio::bind_cancellation_slot(signal.slot(), [&](outcome<int> end) { got = std::move(end); }));
    wait_until([&] { return shut->begun.load(); });
    signal.emit(asio::cancellation_type::terminal);
    io.run();
    ASSERT_TRUE(got && !got->has_value());
    EXPECT_EQ(got->error().why, cause::cancelled);
}
#endif

TEST_P(a_call_from_asio_under_way, loses_its_handler_with_the_io_context_and_goes_on) {
    shared<gate> shut;
    auto executor = make();
    auto const held = std::make_shared<int>(1);
    std::weak_ptr<int> const seen = held;
    {
        asio::io_context io;
        async_get(io, executor.submit(pass, &shut),
                  [kept = held](std::exception_ptr const&, int) { FAIL(); });
        wait_until([&] { return shut->begun.load(); });
        EXPECT_EQ(seen.use_count(), 2);
    }
    EXPECT_EQ(seen.use_count(), 1);
    shut->open = true;
    wait_until([&] { return shut->passed.load(); });
}

TEST_P(a_call_from_asio_under_way, may_end_while_the_io_context_is_destroyed) {
    auto executor = make();
    for (int i = 0; i < 50; ++i) {
        asio::io_context io;
        async_get(io, executor.submit(nothing, i), [](std::exception_ptr const&) { FAIL(); });
        if (i % 2) io.stop();
    }
}

TEST_P(a_call_from_asio_under_way, ends_with_its_executor) {
    shared<gate> shut;
    asio::io_context io;
    std::optional<outcome<int>> got;
    {
        auto executor = make();
        async_take(io, executor.submit(pass, &shut), [&](outcome<int> end) { got = std::move(end); });
        wait_until([&] { return shut->begun.load(); });
    }
    io.run();
    ASSERT_TRUE(got && !got->has_value());
    EXPECT_EQ(got->error().why, cause::cancelled);
}

// ---- Both ways at once

TEST_P(a_call_from_asio, may_be_of_a_body_that_awaits_asio) {
    auto executor = make();
    asio::io_context io;
    auto const body = [](context& ctx, int n) -> task<int> {
        asio::steady_timer timer(asio_executor(ctx), 1ms);
        co_await timer.async_wait(use_quartet(ctx, timer));
        co_return n + 1;
    };
    int got = 0;
    async_get(io, executor.submit(body, 1), [&](std::exception_ptr const&, int value) { got = value; });
    io.run();
    EXPECT_EQ(got, 2);
}

TEST(a_body_that_awaits_asio, may_await_the_end_of_another_call) {
    auto const outer = [](context& ctx, int n) -> task<int> {
        auto other = make_executor("threads:1");
        co_return co_await async_get(asio_executor(ctx),
                                     other.submit([](context&, int m) -> task<int> { co_return 10 * m; }, n),
                                     use_quartet(ctx, uncancelled));
    };
    for (auto const* spec : {"single", "threads:2", "async:2"})
        EXPECT_EQ(make_executor(spec).map(outer, std::vector{1, 2}), (std::vector{10, 20})) << spec;
}

}  // namespace
}  // namespace quartet::conformance::asio_calls_test
