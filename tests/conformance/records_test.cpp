// Every task leaves one record, and what is in it is so.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <quartet/structured.hpp>
#include <quartet/task_recorder.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <numeric>
#include <ranges>
#include <set>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>

namespace quartet::conformance::records_test {
namespace {

using namespace std::chrono_literals;

class records : public any_model {
protected:
    task_recorder recorder_;
};
QUARTET_SUITE(records, all_rows());

task<int> wait_for(context& ctx, std::chrono::milliseconds time) {
    co_await ctx.sleep_for(time);
    co_return 1;
}

TEST_P(records, tell_when_a_task_was_queued_began_and_ended) {
    auto executor = make({}, &recorder_);
    executor.map(wait_for, std::vector(5, 20ms));
    auto const found = recorder_.records();
    ASSERT_EQ(found.size(), 5u);
    EXPECT_EQ(recorder_.tasks_seen(), 5u);
    for (std::size_t index = 0; index < found.size(); ++index) {
        auto const& each = found[index];
        EXPECT_EQ(each.call, 0u);
        EXPECT_EQ(each.index, index);
        EXPECT_FALSE(each.failed);
        ASSERT_TRUE(each.finished);
        EXPECT_GE(each.queue_time(), 0ns);
        EXPECT_GE(each.service_time(), 20ms);
        EXPECT_EQ(each.queued, found[0].queued);
    }
}

class records_of_bodies_that_meet : public records {};
QUARTET_SUITE(records_of_bodies_that_meet, all_rows());

TEST_P(records_of_bodies_that_meet, overlap_if_they_take_turns_and_others_do_not) {
    shared_counter begun;
    auto executor = make({}, &recorder_);
    std::size_t const count = std::min<std::size_t>(executor.concurrency(), 4);
    // Where they take turns none ends before all have begun.
    auto const body = [begun = &begun, meeting = GetParam().interleaves ? count : 1](context& ctx,
                                                                                     int) -> task<void> {
        ++*begun;
        do
            co_await ctx.sleep_for(5ms);
        while (*begun < meeting);
    };
    executor.map(body, std::vector<int>(count));
    auto const found = recorder_.records();
    auto const last_start = std::ranges::max(found, {}, &task_record::started).started;
    auto const first_end = *std::ranges::min(found, {}, &task_record::finished).finished;
    if (GetParam().interleaves) {
        EXPECT_LT(last_start, first_end);
    }
    std::map<std::size_t, std::vector<task_record>> of_worker;
    for (auto const& each : found)
        of_worker[each.worker].push_back(each);
    if (GetParam().on_loops || GetParam().chooses) return;
    for (auto& [worker, mine] : of_worker) {
        std::ranges::sort(mine, {}, &task_record::started);
        for (std::size_t next = 1; next < mine.size(); ++next)
            EXPECT_LE(*mine[next - 1].finished, mine[next].started) << "worker " << worker;
    }
}

TEST_P(records, name_the_worker) {
    auto executor = make({}, &recorder_);
    auto const where = [](context& ctx, int) -> task<std::size_t> {
        co_await ctx.sleep_for(1ms);
        co_return ctx.where().number;
    };
    auto const numbers = executor.map(where, std::views::iota(0, 20));
    std::vector<std::size_t> recorded;
    for (auto const& each : recorder_.records())
        recorded.push_back(each.worker);
    EXPECT_EQ(recorded, numbers);

    std::set<std::size_t> known;
    for (auto const& each : recorder_.workers()) {
        known.insert(each.number);
        EXPECT_GT(each.process_id, 0);
        EXPECT_GT(each.thread_id, 0);
    }
    EXPECT_EQ(known, std::set(numbers.begin(), numbers.end()));
}

TEST_P(records, tell_failed_tasks_from_others) {
    auto executor = make({}, &recorder_);
    auto const outcomes = executor.try_map(
        [](int n) {
            if (n % 3 == 0) throw std::runtime_error("no");
            return n;
        },
        std::views::iota(0, 12));
    auto const found = recorder_.records();
    ASSERT_EQ(found.size(), 12u);
    for (auto const& each : found) {
        EXPECT_EQ(each.failed, each.index % 3 == 0);
        EXPECT_TRUE(each.finished);
    }
}

TEST_P(records, of_tasks_that_never_began_there_are_none) {
    auto executor = make({}, &recorder_);
    std::stop_source stop;
    stop.request_stop();
    auto const outcomes = executor.try_map(wait_for, std::vector(10, 1ms), {.stop = stop.get_token()});
    EXPECT_TRUE(recorder_.records().empty());
    EXPECT_EQ(recorder_.tasks_seen(), 10u);
}

TEST_P(records, count_the_calls) {
    auto executor = make({}, &recorder_);
    executor.map(wait_for, std::vector(3, 1ms));
    executor.submit(wait_for, 1ms).get();
    executor.map(wait_for, std::vector(2, 1ms));
    std::vector<std::pair<std::size_t, std::size_t>> places;
    for (auto const& each : recorder_.records())
        places.emplace_back(each.call, each.index);
    using place = std::pair<std::size_t, std::size_t>;
    EXPECT_THAT(places, testing::ElementsAre(place(0, 0), place(0, 1), place(0, 2), place(1, 0), place(2, 0),
                                             place(2, 1)));
}

TEST_P(records, are_left_by_streams_too) {
    auto executor = make({}, &recorder_);
    int sum = 0;
    for (auto& each : executor.stream(wait_for, std::vector(30, 1ms)))
        sum += each.value();
    EXPECT_EQ(sum, 30);
    EXPECT_EQ(recorder_.records().size(), 30u);
}

TEST_P(records, are_forgotten_when_cleared) {
    auto executor = make({}, &recorder_);
    executor.map(wait_for, std::vector(4, 1ms));
    recorder_.clear();
    EXPECT_TRUE(recorder_.records().empty());
    EXPECT_TRUE(recorder_.workers().empty());
    EXPECT_EQ(recorder_.tasks_seen(), 0u);
    executor.map(wait_for, std::vector(2, 1ms));
    EXPECT_EQ(recorder_.records().size(), 2u);
    EXPECT_FALSE(recorder_.workers().empty());
}

TEST_P(records, of_more_tasks_than_there_is_room_for_are_of_every_nth) {
    task_recorder small(40);
    auto executor = make({}, &small);
    executor.map(wait_for, std::vector(100, 1ms));
    executor.map(wait_for, std::vector(100, 1ms));
    auto const found = small.records();
    EXPECT_EQ(small.tasks_seen(), 200u);
    EXPECT_LE(found.size(), 40u);
    auto const of_call = [&](std::size_t call) {
        return found | std::views::filter([call](auto const& each) { return each.call == call; });
    };
    std::vector<std::size_t> of_first;
    for (auto const& each : of_call(0))
        of_first.push_back(each.index);
    ASSERT_EQ(of_first.size(), 25u);  // every fourth
    for (std::size_t n = 0; n < of_first.size(); ++n)
        EXPECT_EQ(of_first[n], 4 * n);
    EXPECT_GT(std::ranges::distance(of_call(1)), 0) << "a later call gets something too";
}

class records_of_everything : public any_model {
protected:
    task_recorder recorder_{2000, recording::everything};
};
QUARTET_SUITE(records_of_everything, all_rows());

task<int> wait_twice(context& ctx, std::chrono::milliseconds time) {
    co_await ctx.sleep_for(time);
    co_await ctx.offload([] {});  // which is none
    co_await ctx.sleep_for(2 * time);
    co_return 1;
}

TEST_P(records_of_everything, tell_when_tasks_waited) {
    auto executor = make({}, &recorder_);
    executor.map(wait_twice, std::vector(8, 5ms));
    auto const found = recorder_.records();
    ASSERT_EQ(found.size(), 8u);
    for (auto const& each : found) {
        EXPECT_TRUE(each.waits_known);
        ASSERT_EQ(each.waits.size(), 2u);
        EXPECT_LE(each.started, each.waits[0].began);
        EXPECT_GE(each.waits[0].ended - each.waits[0].began, 5ms);
        EXPECT_LE(each.waits[0].ended, each.waits[1].began);
        EXPECT_GE(each.waits[1].ended - each.waits[1].began, 10ms);
        EXPECT_LE(each.waits[1].ended, *each.finished);
    }
}

using moment = std::chrono::steady_clock::time_point;

/// When a task was not waiting.
std::vector<std::pair<moment, moment>> computing_of(task_record const& of) {
    std::vector<std::pair<moment, moment>> found;
    moment since = of.started;
    for (auto const& each : of.waits) {
        found.emplace_back(since, each.began);
        since = each.ended;
    }
    found.emplace_back(since, *of.finished);
    return found;
}

TEST_P(records_of_everything, show_that_a_worker_computes_for_one_task_at_a_time) {
    if (GetParam().chooses) GTEST_SKIP() << "its first workers and its later ones have the same numbers";
    auto executor = make({}, &recorder_);
    executor.map(
        [](context& ctx, int) -> task<int> {
            co_await ctx.sleep_for(2ms);
            auto const until = std::chrono::steady_clock::now() + 1ms;
            while (std::chrono::steady_clock::now() < until) {
            }
            co_return 1;
        },
        std::views::iota(0, 12));
    std::map<std::size_t, std::vector<std::pair<moment, moment>>> of_worker;
    for (auto const& each : recorder_.records())
        std::ranges::copy(computing_of(each), std::back_inserter(of_worker[each.worker]));
    for (auto& [worker, mine] : of_worker) {
        std::ranges::sort(mine);
        for (std::size_t next = 1; next < mine.size(); ++next)
            EXPECT_LE(mine[next - 1].second, mine[next].first) << "worker " << worker;
    }
}

task<int> wait_in_parts(context& ctx, std::chrono::milliseconds time) {
    co_await when_all(wait_for(ctx, time), wait_for(ctx, time));
    co_return 1;
}

TEST_P(records_of_everything, tell_it_of_the_parts_of_a_body) {
    auto executor = make({}, &recorder_);
    executor.map(wait_in_parts, std::vector(3, 5ms));
    for (auto const& each : recorder_.records())
        EXPECT_EQ(each.waits.size(), 2u);
}

TEST_P(records_of_everything, leave_no_task_out) {
    auto executor = make({}, &recorder_);
    std::size_t const tasks = std::min<std::size_t>(900, 6 * many());
    executor.map([](std::size_t n) { return n; }, std::views::iota(std::size_t{0}, tasks));
    EXPECT_EQ(recorder_.records().size(), tasks);
}

TEST_P(records_of_everything, leave_out_no_nth_task_either) {
    task_recorder small(40, recording::everything);
    auto executor = make({}, &small);
    std::size_t const every = many() < 1000 ? 10 : 100;
    executor.map([](std::size_t n) { return n; }, std::views::iota(std::size_t{0}, 30 * every));
    std::vector<std::size_t> recorded;
    for (auto const& each : small.records())
        recorded.push_back(each.index);
    ASSERT_EQ(recorded.size(), 30u);  // a quarter of the room is left to others
    for (std::size_t n = 0; n < recorded.size(); ++n)
        EXPECT_EQ(recorded[n], every * n);
}

TEST_P(records_of_everything, say_if_there_was_no_room_for_all) {
    task_recorder small(2, recording::everything);
    auto executor = make({}, &small);
    executor.map(
        [](context& ctx, int) -> task<int> {
            for (int i = 0; i < 20; ++i)
                co_await ctx.sleep_for(1us);
            co_return 1;
        },
        std::views::iota(0, 2));
    auto const found = small.records();
    ASSERT_FALSE(found.empty());
    EXPECT_FALSE(found.front().waits_known);
    std::size_t waits = 0;
    for (auto const& each : found)
        waits += each.waits.size();
    EXPECT_LE(waits, 4u);
}

class records_by_a_real_clock : public records {};
QUARTET_SUITE(records_by_a_real_clock, rows_with_real_io());

// With a clock reading of 30 ns and tasks of 1 ns, recording each would take 60 times as long as the tasks.
TEST_P(records_by_a_real_clock, of_tiny_tasks_are_few) {
    auto executor = make({}, &recorder_);
    std::size_t const tasks = std::min<std::size_t>(many(), 20'000);
    executor.map([](std::size_t n) { return n; }, std::views::iota(std::size_t{0}, tasks));
    auto const found = recorder_.records();
    EXPECT_EQ(recorder_.tasks_seen(), tasks);
    EXPECT_FALSE(found.empty());
    auto const wall = *std::ranges::max(found, {}, &task_record::finished).finished - found[0].queued;
    constexpr int saved = 20;  // that a worker may leave at once, having left none for long
    auto const workers = recorder_.workers().size();
    EXPECT_LT(found.size() * task_recorder::cost_per_record(),
              workers * (wall / 20 + saved * task_recorder::cost_per_record()))
        << found.size() << " records by " << workers << " workers";
}

class records_of_killed : public records {};
QUARTET_SUITE(records_of_killed, rows_with(&model_traits::survives_crash));

TEST_P(records_of_killed, tasks_end_when_their_worker_does) {
    auto executor = make({}, &recorder_);
    auto const outcomes = executor.try_map(
        [](int n) {
            if (n == 3) {
                std::this_thread::sleep_for(5ms);
                raise(SIGKILL);
            }
            return n;
        },
        std::views::iota(0, 6));
    EXPECT_FALSE(outcomes[3]);
    for (auto const& each : recorder_.records()) {
        EXPECT_EQ(each.failed, each.index == 3) << each.index;
        EXPECT_TRUE(each.finished) << each.index;
        EXPECT_GE(each.service_time(), each.index == 3 ? 5ms : 0ms);
    }
    EXPECT_EQ(recorder_.records().size(), 6u);
}

TEST(task_recorder, without_room_records_nothing) {
    task_recorder none(0);
    auto executor = make_executor("threads:2", {.recorder = &none});
    executor.map([](int n) { return n; }, std::views::iota(0, 10));
    EXPECT_TRUE(none.records().empty());
    EXPECT_EQ(none.tasks_seen(), 10u);
}

TEST(task_recorder, by_a_virtual_clock_is_exact) {
    task_recorder recorder;
    fake_world world;
    auto how = std::make_unique<fake>(world, fake_options{.limit = 2});
    how->record_in(&recorder);
    executor executor(std::move(how));
    executor.map(wait_for, std::vector{30ms, 10ms, 10ms});
    std::vector<std::pair<std::chrono::nanoseconds, std::chrono::nanoseconds>> times;
    for (auto const& each : recorder.records())
        times.emplace_back(each.queue_time(), each.service_time());
    using pair = std::pair<std::chrono::nanoseconds, std::chrono::nanoseconds>;
    EXPECT_THAT(times, testing::ElementsAre(pair(0ms, 30ms), pair(0ms, 10ms), pair(10ms, 10ms)));
}

}  // namespace
}  // namespace quartet::conformance::records_test
