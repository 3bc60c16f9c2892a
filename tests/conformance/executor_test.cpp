// The life of an executor: many maps, failures in between, other threads, other executors.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <numeric>
#include <ranges>
#include <string>
#include <string_view>
#include <thread>

namespace quartet::conformance::executor_test {
namespace {

using namespace std::chrono_literals;

class an_executor : public any_model {};
QUARTET_SUITE(an_executor, all_rows());

TEST_P(an_executor, runs_maps_of_different_kinds) {
    auto executor = make();
    for (int round = 0; round < 20; ++round) {
        EXPECT_EQ(executor.map([](int n) { return n + 1; }, std::vector{1, 2}), (std::vector{2, 3}));
        EXPECT_EQ(
            executor.map([](std::string const& s) { return s.size(); }, std::vector<std::string>{"a", "bc"}),
            (std::vector<std::size_t>{1, 2}));
        EXPECT_THROW(executor.map([](int) -> int { throw 1; }, std::vector{1}), map_error);
    }
}

TEST_P(an_executor, runs_small_maps_quickly_after_one_another) {
    auto executor = make();
    int const rounds = static_cast<int>(std::min<std::size_t>(many() / 5, sanitized ? 200 : 2000));
    for (int n = 0; n < rounds; ++n) {
        ASSERT_EQ(executor.map([](int each) { return 2 * each; }, std::vector{n, n + 1}),
                  (std::vector{2 * n, 2 * n + 2}));
    }
}

TEST_P(an_executor, may_never_be_used) {
    for (int n = 0; n < 5; ++n)
        make();
}

TEST_P(an_executor, may_move_between_threads) {
    auto executor = make();
    EXPECT_EQ(executor.map([](int n) { return n; }, std::vector{1}), std::vector{1});
    std::jthread([&] {
        EXPECT_EQ(executor.map([](int n) { return n; }, std::vector{2}), std::vector{2});
    }).join();
    auto moved = std::move(executor);
    std::jthread([mine = std::move(moved)]() mutable {
        EXPECT_EQ(mine.map([](int n) { return n; }, std::vector{3}), std::vector{3});
    }).join();
}

TEST_P(an_executor, has_the_traits_that_the_table_says) {
    model_traits const has = make().traits();
    EXPECT_EQ(has.can_kill, GetParam().traits.can_kill);
    EXPECT_EQ(has.shares_memory, GetParam().traits.shares_memory);
    EXPECT_EQ(has.survives_crash, GetParam().traits.survives_crash);
}

TEST_P(an_executor, may_be_made_on_a_thread_that_ends) {
    std::optional<executor> made;
    std::jthread([&] { made.emplace(make()); }).join();
    std::this_thread::sleep_for(5ms);
    EXPECT_EQ(made->map([](int n) { return n; }, std::vector{3}), std::vector{3});
}

class an_executor_beside_threads : public any_model {};
QUARTET_SUITE(an_executor_beside_threads, rows_where([](row const& each) {
                  return may_fork_beside_threads || !each.name.starts_with("processes");
              }));

TEST_P(an_executor_beside_threads, does_not_disturb_another_at_the_same_time) {
    auto const use = [] {
        fake_world world;
        auto executor = GetParam().make(world, {}, nullptr);
        for (int round = 0; round < 5; ++round) {
            auto const body = [](context& ctx, int n) -> task<int> {
                co_await ctx.sleep_for(100us);
                co_return n* n;
            };
            auto const squares = executor.map(body, std::views::iota(0, 50));
            for (int n = 0; n < 50; ++n)
                EXPECT_EQ(squares[static_cast<std::size_t>(n)], n * n);
        }
    };
    std::vector<std::jthread> users;
    for (int n = 0; n < 3; ++n)
        users.emplace_back(use);
}

// A fork copies the locks that other threads hold; here they hold the allocator's nearly always.
TEST_P(an_executor_beside_threads, may_be_made_while_other_threads_run) {
    std::atomic<bool> done = false;
    std::vector<std::jthread> others;
    for (int n = 0; n < 3; ++n) {
        others.emplace_back([&] {
            while (!done)
                std::vector<std::string>(20, std::string(100, 'x'));
        });
    }
    for (int n = 0; n < 5; ++n) {
        auto executor = make();
        auto const body = [](int each) { return std::string(static_cast<std::size_t>(each), 'x').size(); };
        EXPECT_EQ(executor.map(body, std::vector{10, 1000}), (std::vector<std::size_t>{10, 1000}));
    }
    done = true;
}

TEST_P(an_executor, may_be_made_by_a_body) {
    auto const body = [](std::string const& spec) {
        auto inner = make_executor(spec);
        auto const values = inner.map([](int n) { return 2 * n; }, std::vector{1, 2, 3});
        return values.at(0) + values.at(1) + values.at(2);
    };
    std::vector<std::string> specs{"single", "threads:2", "async:2"};
    if (may_fork_beside_threads) specs.push_back("processes:2");
    EXPECT_EQ(make().map(body, specs), std::vector<int>(specs.size(), 12));
}

TEST_P(an_executor, has_its_part_of_the_processors_within_another) {
    auto const share = [](int) {
        return std::vector<std::size_t>{
            cpu_share(), static_cast<std::size_t>(std::stoul(make_executor("threads").spec().substr(8)))};
    };
    auto executor = make();
    std::string const spec = executor.spec();
    bool const chooses = spec == "auto";  // and begins with threads
    bool const has_workers = chooses || spec.starts_with("threads:") || spec.starts_with("processes:");
    std::size_t const workers = chooses                   ? usable_cpus()
                                : spec.ends_with(":each") ? 4
                                : has_workers             ? std::stoul(spec.substr(spec.find(':') + 1))
                                                          : 1;
    std::size_t const expected = detail::one_share(usable_cpus(), has_workers ? workers : 1);
    for (auto const& mine : executor.map(share, std::vector{0, 0, 0, 0}))
        EXPECT_EQ(mine, std::vector(2, expected));
    EXPECT_EQ(cpu_share(), usable_cpus());
}

TEST_P(an_executor, shares_its_part_again_three_deep) {
    auto const shares = [](int) {
        auto const deeper = [](int) {
            auto const deepest = [](int) { return cpu_share(); };
            return make_executor("threads:2").map(deepest, std::vector{0}).front();
        };
        return make_executor("threads:2").map(deeper, std::vector{0}).front();
    };
    auto const mine = make().map([](int) { return cpu_share(); }, std::vector{0}).front();
    EXPECT_EQ(make().map(shares, std::vector{0}).front(), detail::one_share(detail::one_share(mine, 2), 2));
}

TEST_P(an_executor, tells_its_spec) {
    auto const executor = make();
    EXPECT_TRUE(GetParam().name.starts_with(executor.spec().substr(0, executor.spec().find(':'))))
        << executor.spec();
}

TEST_P(an_executor, initializes_each_worker) {
    shared_counter initialized;
    std::string const spec = make().spec();
    if (spec == "fake") GTEST_SKIP() << "the fake has no workers";
    auto executor = make_executor(spec, {.initialize = [count = &initialized] { ++*count; }});
    auto const seen = executor.map([count = &initialized](int) { return static_cast<std::size_t>(*count); },
                                   std::vector(20, 0));
    EXPECT_TRUE(std::ranges::all_of(seen, [](std::size_t each) { return each > 0; }));
}

TEST_P(an_executor, takes_chunks_of_the_size_that_is_asked_for) {
    auto executor = make();
    std::vector<int> inputs(100);
    std::iota(inputs.begin(), inputs.end(), 0);
    for (std::size_t const size : {1u, 7u, 1000u}) {
        EXPECT_EQ(executor.map([](int n) { return n; }, inputs, {.chunk_size = size}), inputs);
    }
}

TEST_P(an_executor, tells_of_progress) {
    auto executor = make();
    std::vector<std::size_t> told;
    auto const body = [](context& ctx, int) -> task<void> { co_await ctx.sleep_for(20ms); };
    executor.map(body, std::vector(10, 0), {.progress = [&](std::size_t ended, std::size_t tasks) {
                     EXPECT_EQ(tasks, 10u);
                     told.push_back(ended);
                 }});
    ASSERT_FALSE(told.empty());
    EXPECT_EQ(told.back(), 10u);
    EXPECT_TRUE(std::ranges::is_sorted(told));
}

class an_executor_in_another_process : public any_model {};
QUARTET_SUITE(an_executor_in_another_process, rows_with(&model_traits::shares_memory, false));

TEST_P(an_executor_in_another_process, refuses_to_be_used) {
    auto executor = make();
    auto const body = [runs = &executor](int n) {
        return runs->map([](int each) { return each; }, std::vector{n}).front();
    };
    auto const outcomes = executor.try_map(body, std::vector{1, 2});
    for (auto const& each : outcomes) {
        ASSERT_FALSE(each.has_value());
        EXPECT_EQ(each.error().message,
                  "quartet: this executor belongs to the process that made it; make one of its own in this "
                  "process");
    }
    auto const ends = [ends = &executor](int n) { (n == 1) ? ends->join() : ends->stop(); };
    for (auto const& each : executor.try_map(ends, std::vector{1, 2}))
        EXPECT_TRUE(!each.has_value() && each.error().message.starts_with("quartet: this executor belongs"));
    EXPECT_EQ(executor.map([](int n) { return n; }, std::vector{1, 2}), (std::vector{1, 2}));
}

bool has_loops(row const& each) {
    return each.real_io && each.on_loops;
}

class an_executor_with_loops : public any_model {};
QUARTET_SUITE(an_executor_with_loops, rows_where(has_loops));

struct hold_the_loop {
    task<void> operator()(context& ctx, int) const {
        co_await ctx.yield();
        auto const until = std::chrono::steady_clock::now() + 60ms;
        while (std::chrono::steady_clock::now() < until) {
        }
        co_await ctx.yield();
    }
};

TEST_P(an_executor_with_loops, names_bodies_that_hold_one_once) {
    std::mutex mutex;
    std::map<std::string, std::size_t> lines_by_body;
    {
        auto executor = make_executor(make().spec(), {.log = [&](log_record const& record) {
                                          auto const& line = record.line;
                                          auto const body = line.find(" of ");
                                          auto const held = line.find(" held its event loop for ");
                                          std::lock_guard const lock(mutex);
                                          ++lines_by_body[line.substr(body, held - body)];
                                      }});
        executor.map(hold_the_loop{}, std::vector{1, 2, 3});
        executor.map([](context& ctx, int) -> task<void> { co_await ctx.sleep_for(60ms); }, std::vector{1});
        executor.map([](int n) { return n; }, std::vector{1});
    }
    auto const names_the_holder = [](auto const& each) { return each.first.ends_with("hold_the_loop"); };
    EXPECT_EQ(std::ranges::count_if(lines_by_body, names_the_holder), 1);
    std::size_t const loops = make().spec().find("2+async") == std::string::npos ? 1 : 2;
    for (auto const& [body, lines] : lines_by_body)  // a busy machine may hold up the others as well
        EXPECT_LE(lines, loops) << body;
}

void hold_until(counter_reference named) {
    while (*named == 0)
        std::this_thread::sleep_for(1ms);
}

/// The fifth holds its loop until it has been named for that.
struct coroutine_that_holds {
    task<int> operator()(context& ctx, int n) const {
        co_await ctx.yield();
        if (n == 5) hold_until(named);
        co_return n;
    }
    counter_reference named;
};
struct function_that_holds {
    int operator()(int n) const {
        if (n == 5) hold_until(named);
        return n;
    }
    counter_reference named;
};

TEST_P(an_executor_with_loops, names_a_body_while_it_holds_one) {
    shared_counter named;
    auto const listen = [&](log_record const& record) {
        auto const has = [&record](std::string_view text) {
            return record.line.find(text) != record.line.npos;
        };
        if (has("task 5 of ") && has("_that_holds held its event loop for ") && has(" so far")) ++*named;
    };
    auto const run = [&](auto const& body) {
        *named = 0;
        auto executor = make_executor(make().spec(), {.log = listen});
        // In a chunk of a stream it has its number in the stream.
        stream_options const options{.window = 8, .call = {.chunk_size = 2}};
        int expected = 0;
        for (auto const& each : executor.stream(body, std::views::iota(0, 8), options))
            EXPECT_EQ(each.value(), expected++);
        EXPECT_GE(*named, 1u);
    };
    run(coroutine_that_holds{&named});
    run(function_that_holds{&named});
}

TEST_P(an_executor_with_loops, holds_its_tongue_if_asked_to) {
    std::atomic<int> lines = 0;
    auto executor =
        make_executor(make().spec(), {.log = [&](log_record const&) { ++lines; }, .stall_limit = 0ms});
    executor.map(hold_the_loop{}, std::vector{1});
    EXPECT_EQ(lines, 0);
}

}  // namespace
}  // namespace quartet::conformance::executor_test
