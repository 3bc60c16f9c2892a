// What a context offers besides files and fetches: offload, yield, log, where, sleep.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <unistd.h>

namespace quartet::conformance::context_test {
namespace {

using namespace std::chrono_literals;

class the_context : public any_model {};
QUARTET_SUITE(the_context, all_rows());

class the_context_in_process : public any_model {};
QUARTET_SUITE(the_context_in_process, rows_with(&model_traits::shares_memory));

class the_context_across_processes : public any_model {};
QUARTET_SUITE(the_context_across_processes, rows_with(&model_traits::shares_memory, false));

class the_context_with_a_name : public any_model {};
QUARTET_SUITE(the_context_with_a_name, rows_with_real_io());

class the_context_with_turns : public any_model {};
QUARTET_SUITE(the_context_with_turns, rows_that_interleave());

TEST_P(the_context, offloads_functions) {
    auto const body = [](context& ctx, int n) -> task<std::string> {
        auto const square = co_await ctx.offload([n] { return n * n; });
        int side_effect = 0;
        co_await ctx.offload([&side_effect] { side_effect = 1; });
        auto const text = co_await ctx.offload([=] { return std::to_string(square + side_effect); });
        co_return text;
    };
    EXPECT_EQ(make().map(body, std::vector{2, 3}), (std::vector<std::string>{"5", "10"}));
}

TEST_P(the_context, hands_on_what_an_offloaded_function_throws) {
    auto const body = [](context& ctx, int n) -> task<int> {
        co_return co_await ctx.offload([n]() -> int { throw std::out_of_range(std::to_string(n)); });
    };
    auto const outcomes = make().try_map(body, std::vector{1, 2});
    EXPECT_EQ(outcomes[0].error().message, "1");
    EXPECT_EQ(outcomes[1].error().message, "2");
}

TEST_P(the_context, offloads_from_many_bodies) {
    std::size_t const count = std::min<std::size_t>(many(), 1000);
    auto const body = [](context& ctx, std::size_t n) -> task<std::size_t> {
        co_return co_await ctx.offload([n] { return n + 1; });
    };
    auto const values = make().map(body, std::views::iota(std::size_t{0}, count));
    for (std::size_t n = 0; n < count; ++n)
        ASSERT_EQ(values[n], n + 1);
}

TEST_P(the_context, yields_and_comes_back) {
    auto const body = [](context& ctx, int rounds) -> task<int> {
        for (int n = 0; n < rounds; ++n)
            co_await ctx.yield();
        co_return rounds;
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1, 1000}), (std::vector{0, 1, 1000}));
}

/// Yields until both have come this far: neither can be ahead of the other by more than a turn.
TEST_P(the_context_with_turns, gives_everybody_a_turn) {
    struct runner {
        counter_reference mine, other;
    };
    shared_counter a, b;
    auto const run = [](context& ctx, runner each) -> task<std::size_t> {
        std::size_t lead = 0;
        for (int n = 0; n < 1000; ++n) {
            ++*each.mine;
            if (each.other->load() > 0)
                lead = std::max(lead, each.mine->load() - std::min(each.mine->load(), each.other->load()));
            co_await ctx.yield();
        }
        co_return lead;
    };
    auto const leads = make().map(run, std::vector<runner>{{&a, &b}, {&b, &a}});
    EXPECT_LE(leads[0], 2u);
    EXPECT_LE(leads[1], 2u);
}

TEST_P(the_context_with_turns, lets_sleepers_wake_among_those_who_yield) {
    shared_counter woken;
    auto const run = [woken = &woken](context& ctx, bool sleeps) -> task<void> {
        if (sleeps) {
            co_await ctx.sleep_for(2ms);
            ++*woken;
        }
        // In virtual time the sleeper wakes only when nobody else can go on.
        for (int n = 0; !sleeps && n < 5 && *woken == 0; ++n)
            co_await ctx.sleep_for(1ms);
        while (!sleeps && *woken == 0)
            co_await ctx.yield();
    };
    make().map(run, std::vector{true, false, false});
    EXPECT_EQ(*woken, 1u);
}

TEST_P(the_context, sleeps_at_least_as_long_as_asked) {
    auto executor = make();
    auto const began = std::chrono::steady_clock::now();
    executor.map(
        [](context& ctx, int ms) -> task<void> { co_await ctx.sleep_for(std::chrono::milliseconds(ms)); },
        std::vector{20, 0, -5});
    EXPECT_GE(std::chrono::steady_clock::now() - began + world_.now(), 20ms);
}

struct line {
    std::string worker;
    std::string text;
    auto operator<=>(line const&) const = default;
};

TEST_P(the_context, logs_every_line_with_its_worker) {
    std::mutex mutex;
    std::multiset<line> lines;
    auto executor = make([&](log_record const& record) {
        std::lock_guard const lock(mutex);
        lines.insert({record.worker, record.line});
    });
    auto const body = [](context& ctx, int n) -> task<std::string> {
        ctx.log("starting " + std::to_string(n));
        co_await ctx.sleep_for(1ms);
        ctx.log("");
        ctx.log("two\nlines");
        co_return ctx.where().name;
    };
    std::multiset<line> expected;
    for (int round = 0; round < 2; ++round) {
        auto const workers = executor.map(body, std::views::iota(0, 30));
        for (int n = 0; n < 30; ++n) {
            auto const& worker = workers[static_cast<std::size_t>(n)];
            expected.insert(
                {{worker, "starting " + std::to_string(n)}, {worker, ""}, {worker, "two\nlines"}});
        }
        std::lock_guard const lock(mutex);
        EXPECT_EQ(lines, expected) << "all lines are there when the map is";
    }
}

TEST_P(the_context, logs_more_than_a_socket_holds) {
    std::atomic<std::size_t> bytes = 0;
    auto executor = make([&](log_record const& record) { bytes += record.line.size(); });
    auto const body = [](context& ctx, int) -> task<void> {
        for (int n = 0; n < 300; ++n)
            ctx.log(std::string(1000, 'x'));
        co_return;
    };
    executor.map(body, std::views::iota(0, 10));
    EXPECT_EQ(bytes, 3'000'000u);
}

TEST_P(the_context, drops_lines_without_a_handler) {
    auto const body = [](context& ctx, int n) -> task<int> {
        ctx.log("nobody reads this");
        co_return n;
    };
    EXPECT_EQ(make().map(body, std::vector{1}), std::vector{1});
}

struct place {
    std::string name;
    std::size_t number = 0;
    pid_t process = 0;
    pid_t real_process = 0;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(name, number, process, real_process);
    }
};

place where_am_i(context& ctx) {
    return {ctx.where().name, ctx.where().number, ctx.where().process_id, getpid()};
}

TEST_P(the_context, says_where_it_is) {
    auto executor = make();
    auto const body = [](context& ctx, int) -> task<place> {
        co_await ctx.yield();
        co_return where_am_i(ctx);
    };
    auto const spec = executor.spec();
    auto const kind = spec.substr(0, spec.find(':'));
    for (auto const& each : executor.map(body, std::views::iota(0, 20))) {
        EXPECT_TRUE(each.name == kind || each.name == kind + "-" + std::to_string(each.number)) << each.name;
        EXPECT_LT(each.number, 20u);
        EXPECT_EQ(each.process, each.real_process);
    }
}

TEST_P(the_context_with_a_name, says_and_logs_it) {
    std::mutex mutex;
    std::set<std::string> names;
    auto executor = make_executor(make().spec(), {.log =
                                                      [&](log_record const& record) {
                                                          std::lock_guard const lock(mutex);
                                                          names.insert(record.worker);
                                                      },
                                                  .name = "copies"});
    auto const body = [](context& ctx, int n) -> task<std::string> {
        ctx.log("here");
        if (n == 1) throw std::runtime_error("no");
        co_return ctx.where().name;
    };
    auto const outcomes = executor.try_map(body, std::vector{0, 1});
    for (auto const& name : {*outcomes[0], outcomes[1].error().worker})
        EXPECT_TRUE(name.starts_with("copies") && names.contains(name)) << name;
}

TEST_P(the_context_in_process, is_in_this_process) {
    auto const body = [](context& ctx, int) -> task<pid_t> { co_return ctx.where().process_id; };
    EXPECT_EQ(make().map(body, std::vector{1, 2}), (std::vector{getpid(), getpid()}));
}

TEST_P(the_context_across_processes, is_in_another) {
    auto const body = [](context& ctx, int) -> task<pid_t> { co_return ctx.where().process_id; };
    for (pid_t const each : make().map(body, std::vector{1, 2}))
        EXPECT_NE(each, getpid());
}

}  // namespace
}  // namespace quartet::conformance::context_test
