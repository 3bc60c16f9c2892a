// Records of tasks on their way from a node to the root, and their times.

#include "src/models/cluster/moved_records.hpp"

#include "src/models/cluster/moved_clock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <stdexcept>
#include <vector>

namespace quartet::moved_records_test {
namespace {

using namespace detail;
using namespace std::chrono_literals;
using time_point = std::chrono::steady_clock::time_point;

moved_records passed(moved_records const& what) {
    byte_writer written;
    write_records({.call = 3, .first = 100, .count = 50}, what, written);
    byte_reader in(written.bytes());
    auto const head = read_message<outcomes_head>(in);
    EXPECT_EQ(head.kind, outcome_kind::records);
    EXPECT_EQ(head.first, 100U);
    EXPECT_EQ(head.bytes, in.left());
    return read_records(in);
}

TEST(moved_records, arrive_as_they_left) {
    std::int64_t const day = 86'400'000'000'000;
    std::vector<left_record> const records{
        {.task = 0, .worker = 0, .started = day, .ended = day + 1},
        {.task = 1, .worker = 3, .started = day - 5000, .ended = day + 40, .failed = true},
        {.task = 40,
         .worker = 0xffffffff,
         .started = day + 17,
         .ended = day + 17,
         .waits_known = true,
         .waits = {{day + 20, day + 30}, {day + 18, day + 90'000'000'000}}},
        {.task = 41,
         .started = day,
         .ended = day + 100,
         .waits = {{day + 20, day + 30, 300}, {day + 40, day + 50}},
         .nested =
             {{.id = 0, .worker = 2, .made = day + 1, .ended = day + 9, .end = nested_end::cancelled},
              {.id = 299, .made = day + 3, .started = day + 4, .ended = day + 90, .end = nested_end::done},
              {.id = 300, .parent = 299, .worker = 0xffffffff, .made = day + 2, .started = day + 5}},
         .nested_made = 1'000'000'000'000},
        {.task = 49, .worker = 1, .started = 0, .ended = std::numeric_limits<std::int64_t>::max()}};
    auto const arrived =
        passed({.workers = {{.number = 2, .process_id = 4'000'000, .thread_id = 7, .name = "qb/threads-2"}},
                .records = records});
    EXPECT_EQ(arrived.records, records);
    ASSERT_EQ(arrived.workers.size(), 1U);
    EXPECT_EQ(arrived.workers[0].number, 2U);
    EXPECT_EQ(arrived.workers[0].process_id, 4'000'000);
    EXPECT_EQ(arrived.workers[0].thread_id, 7);
    EXPECT_EQ(arrived.workers[0].name, "qb/threads-2");
}

TEST(moved_records, of_tasks_in_a_row_are_short) {
    moved_records what;
    std::int64_t now = 86'400'000'000'000;
    for (std::size_t task = 0; task < 1000; ++task, now += 25'000)
        what.records.push_back({.task = task, .worker = 2, .started = now, .ended = now + 24'000});
    byte_writer written;
    write_records({.call = 3, .count = 1000}, what, written);
    EXPECT_LT(written.bytes().size(), 9 * 1000U);
}

TEST(moved_records, take_no_byte_if_there_are_none) {
    byte_writer written;
    write_records({.call = 3}, {}, written);
    EXPECT_TRUE(written.bytes().empty());
}

TEST(moved_records, that_are_cut_short_are_refused) {
    byte_writer written;
    write_records({}, {.records = {{.task = 1, .started = 1000, .ended = 2000}}}, written);
    auto const bytes = written.bytes().subspan(sizeof(outcomes_head));
    for (std::size_t size = 2; size < bytes.size(); ++size) {
        byte_reader in(bytes.first(size));
        EXPECT_THROW(read_records(in), std::length_error) << size;
    }
}

std::int64_t at(std::chrono::nanoseconds time) {
    return time.count();
}

TEST(a_clock, is_known_by_the_quickest_message) {
    clock_estimate clock;
    EXPECT_FALSE(clock.known());
    clock.note(at(1s), at(51s + 4ms), at(51s + 5ms), at(1s + 7ms));
    EXPECT_EQ(clock.ahead(), 50s + 1ms);
    EXPECT_EQ(clock.error(time_point(1s + 7ms)), 3ms);
    clock.note(at(2s), at(52s + 1ms), at(52s + 1ms), at(2s + 2ms));
    EXPECT_EQ(clock.ahead(), 50s);
    EXPECT_EQ(clock.error(time_point(2s + 2ms)), 1ms);
    clock.note(at(3s), at(53s + 9ms), at(53s + 9ms), at(3s + 10ms));
    EXPECT_EQ(clock.ahead(), 50s) << "by a slow message nothing is learnt";
    EXPECT_EQ(clock.round_trip(), 2ms);
}

TEST(a_clock, that_is_long_known_is_known_worse) {
    clock_estimate clock;
    clock.note(at(1s), at(51s + 1ms), at(51s + 1ms), at(1s + 2ms));
    EXPECT_EQ(clock.error(time_point(101s + 2ms)), 1ms + 10ms);
    clock.note(at(101s), at(151s + 6ms), at(151s + 6ms), at(101s + 8ms));
    EXPECT_EQ(clock.ahead(), 50s + 2ms) << "what is newer is better then";
    EXPECT_EQ(clock.error(time_point(101s + 8ms)), 4ms);
}

TEST(a_clock, of_this_process_is_exact) {
    clock_estimate clock;
    clock.note(at(1s), at(1s), at(1s), at(1s));
    EXPECT_EQ(clock.ahead(), 0s);
    EXPECT_EQ(clock.error(time_point(1000s)), 0s);
}

TEST(times_of_a_node, are_moved_as_far_as_its_clock_is_ahead) {
    clock_estimate clock;
    clock.note(at(1s), at(51s + 1ms), at(51s + 1ms), at(1s + 2ms));
    moved_clock const times(clock, time_point(1s), time_point(3s));
    left_record record{.started = at(52s),
                       .ended = at(52s + 10ms),
                       .waits = {{at(52s + 1ms), at(52s + 2ms)}},
                       .nested = {{.made = at(52s + 3ms), .started = at(52s + 4ms), .ended = at(52s + 5ms)},
                                  {.made = at(52s + 6ms)}}};
    times.move(record);
    EXPECT_EQ(record.started, at(2s));
    EXPECT_EQ(record.ended, at(2s + 10ms));
    EXPECT_EQ(record.waits[0], (left_record::wait{at(2s + 1ms), at(2s + 2ms)}));
    EXPECT_EQ(record.nested[0].made, at(2s + 3ms));
    EXPECT_EQ(record.nested[0].started, at(2s + 4ms));
    EXPECT_EQ(record.nested[0].ended, at(2s + 5ms));
    EXPECT_EQ(record.nested[1].made, at(2s + 6ms));
    EXPECT_FALSE(record.nested[1].started);
}

TEST(times_of_a_node, lie_between_what_the_root_has_seen_of_the_task) {
    clock_estimate clock;
    clock.note(at(1s), at(51s + 1ms), at(51s + 1ms), at(1s + 2ms));  // may be wrong by 1 ms
    moved_clock const times(clock, time_point(2s), time_point(2s + 20ms));
    left_record early{.started = at(52s - 500us), .ended = at(52s + 5ms)};
    times.move(early);
    EXPECT_EQ(early.started, at(2s));
    EXPECT_EQ(early.ended, at(2s + 5ms + 500us)) << "it has taken as long";
    left_record late{.started = at(52s + 15ms), .ended = at(52s + 20ms + 300us)};
    times.move(late);
    EXPECT_EQ(late.ended, at(2s + 20ms));
    EXPECT_EQ(late.started, at(2s + 15ms - 300us));
    left_record impossible{.started = at(51s), .ended = at(51s)};
    times.move(impossible);
    EXPECT_GT(impossible.started, at(1s)) << "not further than the clock may be wrong";
    EXPECT_LT(impossible.started, at(1s + 10ms));
}

}  // namespace
}  // namespace quartet::moved_records_test
