// tests/measure/worker_use_test.cpp

#include "measure/probes/worker_use.hpp"

#include <quartet/executor.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace quartet::measure::worker_use_test {

using namespace std::chrono_literals;
using testing::ElementsAre;
using clock_type = std::chrono::steady_clock;

TEST(times_of_thread, grow_while_it_computes) {
    auto const before = times_of_thread(getpid(), gettid());
    if (!before) GTEST_SKIP() << "this kernel does not say";
    auto const used = [] {
        timespec now{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
    };
    for (auto const end = used() + 100ms; used() < end;) {
    }
    EXPECT_GT(times_of_thread(getpid(), gettid())->on_cpu, before->on_cpu + 1ms);
    EXPECT_FALSE(times_of_thread(getpid(), 1 << 30));
}

TEST(table_of, has_the_records_in_columns) {
    auto const start = clock_type::now();
    std::vector<task_record> const records{
        {.call = 0,
         .index = 0,
         .worker = 1,
         .queued = start + 1us,
         .started = start + 2us,
         .finished = start + 3us,
         .failed = false},
        {.call = 0,
         .index = 1,
         .worker = 0,
         .queued = start + 1us,
         .started = start + 2us,
         .finished = {},
         .failed = false},
        {.call = 2,
         .index = 0,
         .worker = 0,
         .queued = start + 4us,
         .started = start + 5us,
         .finished = start + 9us,
         .failed = true},
    };
    auto const table = table_of(records, 7, start);
    EXPECT_EQ(table.tasks_seen, 7u);
    EXPECT_THAT(table.call, ElementsAre(0, 2)) << "what has not ended is left out";
    EXPECT_THAT(table.worker, ElementsAre(1, 0));
    EXPECT_THAT(table.queued, ElementsAre(1000, 4000));
    EXPECT_THAT(table.started, ElementsAre(2000, 5000));
    EXPECT_THAT(table.finished, ElementsAre(3000, 9000));
    EXPECT_THAT(table.failed, ElementsAre(1));
}

TEST(use_of_workers, is_what_they_had_to_do) {
    task_recorder recorder;
    auto executor = make_executor("threads:2", {.recorder = &recorder});
    std::atomic<int> begun = 0;
    auto const start = clock_type::now();
    // So that each worker has one.
    auto const meet_and_sleep = [&begun](int) {
        for (++begun; begun < 2;)
            std::this_thread::sleep_for(1ms);
        std::this_thread::sleep_for(20ms);
    };
    executor.map(meet_and_sleep, std::vector<int>(6), {.chunk_size = 1});
    auto const end = clock_type::now();
    auto const uses = use_of_workers(recorder, {}, start, end);
    ASSERT_EQ(uses.size(), 2u);
    EXPECT_EQ(uses[0].worker, 0u);
    EXPECT_EQ(uses[1].worker, 1u);
    EXPECT_EQ(uses[0].tasks + uses[1].tasks, 6u);
    for (auto const& each : uses) {
        double const least =
            0.02 * static_cast<double>(each.tasks) / std::chrono::duration<double>(end - start).count();
        EXPECT_GE(each.occupied_share.value(), 0.9 * least);
        EXPECT_LE(each.occupied_share.value(), 1);
    }
}

// On a loop tasks overlap: the time with any of them counts once.
TEST(use_of_workers, counts_time_with_several_tasks_once) {
    task_recorder recorder;
    auto executor = make_executor("async:10", {.recorder = &recorder});
    auto const start = clock_type::now();
    auto const wait = [](context& ctx, int) -> task<void> { co_await ctx.sleep_for(20ms); };
    executor.map(wait, std::vector<int>(10));
    auto const uses = use_of_workers(recorder, {}, start, clock_type::now());
    ASSERT_EQ(uses.size(), 1u);
    EXPECT_EQ(uses[0].tasks, 10u);
    EXPECT_LE(uses[0].occupied_share.value(), 1);
}

}  // namespace quartet::measure::worker_use_test
