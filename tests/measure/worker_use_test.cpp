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

TEST(table_of, has_calls_of_bodies_below_their_tasks) {
    auto const start = clock_type::now();
    auto const at = [start](int micros) { return start + std::chrono::microseconds(micros); };
    auto const call = [&](std::size_t id, std::size_t parent, int began, int ended, nested_end how) {
        return nested_record{.id = id,
                             .parent = parent,
                             .worker = 5,
                             .made = at(1),
                             .started = began ? std::optional(at(began)) : std::nullopt,
                             .finished = ended ? std::optional(at(ended)) : std::nullopt,
                             .end = how};
    };
    using enum nested_end;
    auto const by_task = nested_record::by_task;
    task_record const of{
        .call = 0,
        .index = 0,
        .worker = 1,
        .queued = start,
        .started = at(1),
        .finished = at(9),
        .failed = false,
        .waits = {{at(1), at(2), by_task}, {at(3), at(4), 2}, {at(5), at(6), 3}},
        .nested = {call(0, by_task, 2, 8, done), call(2, 0, 3, 4, failed), call(3, by_task, 0, 5, cancelled),
                   call(4, 3, 5, 6, done), call(5, 2, 6, 7, done)},
        .nested_made = 11};
    auto const table = table_of({of, of}, 2, start);
    EXPECT_EQ(table.nested_seen, 22u);
    EXPECT_THAT(table.nested_task, ElementsAre(0, 0, 0, 0, 1, 1, 1, 1));
    EXPECT_THAT(table.nested_parent, ElementsAre(0, 1, 0, 2, 0, 5, 0, 6));
    EXPECT_THAT(table.nested_worker, testing::Each(5));
    EXPECT_THAT(table.nested_made, testing::Each(1000));
    EXPECT_THAT(table.nested_started, ElementsAre(2000, 3000, 5000, 6000, 2000, 3000, 5000, 6000));
    EXPECT_THAT(table.nested_finished, ElementsAre(8000, 4000, 6000, 7000, 8000, 4000, 6000, 7000));
    EXPECT_THAT(table.nested_failed, ElementsAre(1, 5));
    EXPECT_THAT(table.wait_nested, ElementsAre(0, 2, 0, 0, 6, 0));
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
