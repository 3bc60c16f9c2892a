// "cluster:1" runs on this machine alone, without MPI: all of the cluster but the way between machines.

#include "tests/sanitized.hpp"

#include <quartet/quartet.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <numeric>
#include <ranges>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace quartet;
using namespace std::chrono_literals;
using testing::HasSubstr;

std::string this_host() {
    char name[256] = {};
    gethostname(name, sizeof name - 1);
    return name;
}

std::string message_of(auto&& call) {
    try {
        call();
    } catch (std::exception const& error) {
        return error.what();
    }
    return "nothing was thrown";
}

int twice(int number) {
    return 2 * number;
}

task<std::size_t> worker_number(context& ctx, int) {
    co_await ctx.sleep_for(2ms);
    co_return ctx.where().number;
}

task<std::string> worker_name(context& ctx, int) {
    ctx.log("here");
    co_return ctx.where().name;
}

struct one_node : testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(one_node);

std::vector<std::string> specs() {
    std::vector<std::string> all{"cluster:1+threads:2", "cluster:1+async:8"};
    if (test::sees_forks) {
        all.push_back("cluster:1+processes:2");
        all.push_back("cluster:1+processes:2+async:4");
    }
    return all;
}
INSTANTIATE_TEST_SUITE_P(models, one_node, testing::ValuesIn(specs()), [](auto const& of) {
    std::string name = of.param;
    std::ranges::replace_if(
        name, [](char each) { return !std::isalnum(static_cast<unsigned char>(each)); }, '_');
    return name;
});

task<int> halves(context& ctx, int n) {
    if (n == 1) {
        co_await ctx.sleep_for(1ms);
        co_return 1;
    }
    auto half = ctx.submit(halves, n / 2);
    int const other = co_await ctx.submit(halves, n - n / 2);
    co_return co_await half + other;
}

task<int> halves_in_a_map(context& ctx, int n) {
    auto const all = co_await ctx.map(halves, std::views::iota(1, n));
    co_return std::accumulate(all.begin(), all.end(), 0);
}

/// Each of `count` calls has its record, within that of what made it.
void expect_whole(task_record const& of, std::size_t count) {
    EXPECT_EQ(of.nested_made, count);
    ASSERT_EQ(of.nested.size(), count);
    for (std::size_t id = 0; id < count; ++id) {
        auto const& each = of.nested[id];
        EXPECT_EQ(each.id, id);
        EXPECT_EQ(each.end, nested_end::done);
        ASSERT_TRUE(each.started && each.finished);
        ASSERT_TRUE(each.parent == nested_record::by_task || each.parent < id);
        auto const* const parent = each.parent == nested_record::by_task ? nullptr : &of.nested[each.parent];
        EXPECT_LE(parent ? *parent->started : of.started, each.made);
        EXPECT_LE(each.made, *each.started);
        EXPECT_LE(*each.finished, parent ? *parent->finished : *of.finished);
    }
}

TEST_P(one_node, tells_which_calls_a_body_has_made) {
    task_recorder recorder(500, recording::everything);
    auto executor = make_executor(GetParam(), {.recorder = &recorder});
    executor.map(halves, std::vector{1, 4, 8, 8, 8});
    executor.submit(halves_in_a_map, 5).get();
    auto const all = recorder.records();
    ASSERT_EQ(all.size(), 6u);
    for (auto const& each : all)
        expect_whole(each, each.call > 0 ? 4 + 0 + 2 + 4 + 6 : std::array{0, 6, 14, 14, 14}[each.index]);
    std::size_t leaves = 0;
    for (auto const& each : all) {
        EXPECT_TRUE(each.waits_known);
        for (auto const& wait : each.waits)
            leaves += wait.ended - wait.began >= 1ms && wait.nested != nested_record::by_task;
    }
    EXPECT_GE(leaves, 4u + 8u + 8u + 8u + 10u);
}

TEST_P(one_node, counts_the_calls_for_which_there_is_no_room) {
    task_recorder recorder(20, recording::everything);
    auto executor = make_executor(GetParam(), {.recorder = &recorder});
    executor.submit(halves, 40).get();
    for (int round = 0; round < 2; ++round) {
        auto const all = recorder.records();
        ASSERT_EQ(all.size(), 1u);
        EXPECT_EQ(all[0].nested_made, 78u);
        EXPECT_EQ(all[0].nested.size(), 40u) << "in the round " << round;
        recorder.clear();
        executor.submit(halves, 40).get();
    }
}

TEST_P(one_node, keeps_every_nth_call_of_a_large_map) {
    auto const body = [](context& ctx, int n) -> task<void> {
        co_await ctx.map([](int) {}, std::views::iota(0, n));
    };
    task_recorder recorder(5000, recording::everything);
    auto executor = make_executor(GetParam(), {.recorder = &recorder});
    executor.submit(body, 10'000).get();
    auto const all = recorder.records();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].nested_made, 10'000u);
    ASSERT_EQ(all[0].nested.size(), 2000u);
    for (std::size_t place = 0; place < 2000; ++place)
        EXPECT_EQ(all[0].nested[place].id, 5 * place);
}

TEST_P(one_node, gives_a_worker_as_many_tasks_at_a_time_as_it_is_told) {
    if (GetParam().find("async") != std::string::npos) GTEST_SKIP() << "a loop takes what it has room for";
    auto executor = make_executor(GetParam());
    for (std::size_t const chunk : {2U, 5U, 1000U}) {
        auto const workers = executor.map(worker_number, std::vector<int>(43), {.chunk_size = chunk});
        for (std::size_t task = 0; task < workers.size(); ++task)
            EXPECT_EQ(workers[task], workers[task / chunk * chunk])
                << "task " << task << " of chunks of " << chunk;
    }
}

TEST_P(one_node, says_what_it_is) {
    auto const executor = make_executor(GetParam());
    EXPECT_EQ(executor.spec(), GetParam());
    EXPECT_FALSE(executor.traits().shares_memory);
    EXPECT_GT(executor.concurrency(), 1U);
}

TEST_P(one_node, runs_functions_lambdas_and_coroutines) {
    auto executor = make_executor(GetParam());
    std::vector<int> inputs(10'000);
    std::ranges::generate(inputs, [next = 0]() mutable { return next++; });
    auto const results = executor.map(twice, inputs);
    for (int index = 0; index < 10'000; ++index)
        ASSERT_EQ(results[static_cast<std::size_t>(index)], 2 * index);
    int const factor = 3;
    EXPECT_EQ(executor.submit([factor](int number) { return factor * number; }, 5).get(), 15);
}

TEST_P(one_node, names_the_node_in_workers_and_logs) {
    std::mutex mutex;
    std::vector<std::string> logged;
    std::vector<std::string> names;
    {
        auto executor = make_executor(GetParam(), {.log = [&](log_record const& record) {
                                          std::lock_guard const lock(mutex);
                                          logged.push_back(record.worker);
                                      }});
        names = executor.map(worker_name, std::vector{1, 2, 3});
    }
    EXPECT_THAT(names, testing::Each(testing::StartsWith(this_host() + "/")));
    std::ranges::sort(names);
    std::ranges::sort(logged);
    EXPECT_EQ(logged, names);
}

TEST_P(one_node, refuses_a_body_that_captures_an_address) {
    auto executor = make_executor(GetParam());
    int local = 3;
    auto const told =
        message_of([&] { executor.map([&local](int number) { return number + local; }, std::vector{1}); });
    EXPECT_THAT(told,
                HasSubstr("can't cross to another machine: it captures, at byte 0, the address of memory"));
    static std::atomic<int> constant{4};
    auto* const in_the_program = &constant;
    EXPECT_EQ(executor.map([in_the_program](int number) { return number + *in_the_program; }, std::vector{1}),
              std::vector{5});
}

TEST_P(one_node, refuses_a_body_that_captures_the_view_of_a_shared_array) {
    if (test::sanitized && test::sees_forks)
        GTEST_SKIP()
            << "AddressSanitizer has memory where the two numbers in a view, read as one, seem to point";
    auto executor = make_executor(GetParam());
    shared_array<int> const numbers(std::vector{1, 2, 3});
    broadcast<int[]> const others(std::vector{4, 5});
    auto const told = message_of([&] {
        executor.map([all = numbers.view()](std::size_t at) { return all.span()[at]; },
                     std::vector<std::size_t>{1});
    });
    EXPECT_THAT(told, HasSubstr("captures a view of a shared array, which stays on this one"));
    EXPECT_THAT(told, HasSubstr("can be a quartet::broadcast"));
    auto const sum = [all = others.view()](int more) { return (*all)[0] + (*all)[1] + more; };
    EXPECT_EQ(executor.map(sum, std::vector{1, 2}), (std::vector{10, 11}));
}

TEST_P(one_node, brings_large_results) {
    auto executor = make_executor(GetParam());
    auto const results =
        executor.map([](int size) { return std::string(static_cast<std::size_t>(size), 'x'); },
                     std::vector{10, 70'000, 3'000'000, 20});
    EXPECT_EQ(results[1].size(), 70'000U);
    EXPECT_EQ(results[2].size(), 3'000'000U);
    EXPECT_EQ(results[3].size(), 20U);
}

TEST_P(one_node, is_shared_by_executors_that_come_and_go) {
    auto first = make_executor(GetParam());
    {
        auto second = make_executor(GetParam());
        EXPECT_EQ(second.submit(twice, 4).get(), 8);
    }
    EXPECT_EQ(first.submit(twice, 5).get(), 10);
    first = make_executor(GetParam());
    EXPECT_EQ(first.submit(twice, 6).get(), 12);
}

TEST_P(one_node, refuses_a_function_object_for_its_workers) {
    auto const told = message_of([&] { make_executor(GetParam(), {.initialize = [] {}}); });
    EXPECT_THAT(told, HasSubstr("executor_options::initialize means nothing to 'cluster:1"));
}

TEST(a_cluster, is_refused_in_a_sentence_where_there_is_none) {
    EXPECT_THAT(
        message_of([] { make_executor("cluster"); }),
        HasSubstr("there is no cluster for 'cluster': the program has to call quartet::cluster_main"));
    EXPECT_THAT(message_of([] { make_executor("cluster:2+threads:3"); }), HasSubstr("'cluster:2+threads:3'"));
    EXPECT_THAT(message_of([] { make_executor("cluster+single"); }),
                HasSubstr("what can run on the nodes of a cluster is"));
    EXPECT_THAT(message_of([] { make_executor("cluster:0"); }), HasSubstr("a number of nodes from 1 to"));
    EXPECT_THAT(message_of([] { make_executor("clusters"); }), HasSubstr("did you mean 'cluster'"));
}

}  // namespace
