#include "measure/analysis/work_kind.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace quartet::measure::work_kind_test {
namespace {

using shares = std::vector<std::pair<activity, double>>;

activity_shares made_of(shares const& parts) {
    activity_shares made{};
    for (auto const& [what, part] : parts)
        made[static_cast<std::size_t>(what)] = part;
    return made;
}

/// Ten seconds of a program.
program_profile program(shares const& parts, double user, double system = 0) {
    return {.seconds = 10,
            .looks = 1000,
            .cpu_user_seconds = user,
            .cpu_system_seconds = system,
            .waits = 100,
            .shares = made_of(parts)};
}

work_kind kind_of(program_profile const& of) {
    return judge_work(of, 2).kind;
}

TEST(judge_work, knows_what_computes) {
    EXPECT_EQ(kind_of(program({{activity::computing, 1}}, 9.9)), work_kind::cpu_bound);
    EXPECT_EQ(kind_of(program({{activity::computing, 0.6}, {activity::network, 0.4}}, 6)),
              work_kind::cpu_bound);
}

TEST(judge_work, says_that_others_keep_the_processors) {
    auto busy = program({{activity::computing, 1}}, 3);
    EXPECT_THAT(judge_work(busy, 2).why, testing::Not(testing::HasSubstr("they wait")));
    busy.queue_seconds = 7;
    EXPECT_EQ(kind_of(busy), work_kind::cpu_bound);
    EXPECT_THAT(judge_work(busy, 2).why, testing::HasSubstr("they wait 70 % for one"));
}

TEST(judge_work, does_not_take_a_queue_for_computing) {
    auto starved = program({{activity::computing, 0.6}, {activity::network, 0.4}}, 0.2);
    starved.queue_seconds = 5.8;
    EXPECT_EQ(kind_of(starved), work_kind::slow_io);
    EXPECT_THAT(judge_work(starved, 2).why, testing::HasSubstr("they wait 97 % for one"));
    auto crowded = program({{activity::computing, 0.6}, {activity::network, 0.4}}, 12);
    crowded.queue_seconds = 60;
    EXPECT_EQ(kind_of(crowded), work_kind::cpu_bound) << "its own threads queue for each other";
}

TEST(judge_work, knows_slow_waits_for_the_network_from_fast_ones) {
    auto waiting = program({{activity::network, 0.95}, {activity::computing, 0.05}}, 0.5);
    EXPECT_EQ(kind_of(waiting), work_kind::slow_io) << "95 ms at a time";
    waiting.waits = 10'000;
    EXPECT_EQ(kind_of(waiting), work_kind::fast_io) << "1 ms at a time";
}

TEST(judge_work, knows_local_files_also_if_they_are_in_memory) {
    EXPECT_EQ(kind_of(program({{activity::disk, 0.7}, {activity::computing, 0.3}}, 1, 2)),
              work_kind::local_files);
    EXPECT_EQ(kind_of(program({{activity::computing, 0.95}}, 2, 7)), work_kind::local_files);
}

TEST(judge_work, knows_what_sleeps_and_what_waits_for_others) {
    EXPECT_EQ(kind_of(program({{activity::sleep, 0.99}}, 0)), work_kind::sleeping);
    EXPECT_EQ(kind_of(program({{activity::process, 0.9}}, 0)), work_kind::others);
}

profiled_thread thread(double cpu_seconds, shares const& parts) {
    return {.process = 1,
            .thread = 1,
            .name = "t",
            .seconds = 10,
            .cpu_seconds = cpu_seconds,
            .shares = made_of(parts)};
}

TEST(judge_work, knows_threads_that_are_in_each_others_way_on_a_busy_machine) {
    auto fight = program({{activity::computing, 0.99}}, 0.9);
    auto each = thread(0.25, {{activity::computing, 0.92}, {activity::lock, 0.08}});
    each.queue_seconds = 9;
    fight.threads.assign(4, each);
    fight.queue_seconds = 36;
    EXPECT_EQ(kind_of(fight), work_kind::lock_bound);
    for (auto& calm : fight.threads)
        calm.shares = made_of({{activity::computing, 1}});
    EXPECT_EQ(kind_of(fight), work_kind::cpu_bound) << "they only wait for processors";
}

TEST(judge_work, knows_threads_that_are_in_each_others_way) {
    auto fight = program({{activity::computing, 0.95}}, 9);
    fight.threads.assign(4, thread(2.4, {{activity::computing, 0.3}, {activity::lock, 0.7}}));
    EXPECT_EQ(kind_of(fight), work_kind::lock_bound);
}

TEST(judge_work, does_not_take_a_pool_that_has_nothing_to_do_for_a_fight) {
    auto pool = program({{activity::computing, 0.95}}, 9.5);
    pool.threads.assign(7, thread(0.01, {{activity::lock, 1}}));
    pool.threads.push_back(thread(9.4, {{activity::computing, 1}}));
    EXPECT_EQ(kind_of(pool), work_kind::cpu_bound);
}

// As git when it packs: the main thread waits on a condition until the worker is done.
TEST(judge_work, does_not_take_a_thread_that_waits_for_anothers_work_for_a_fight) {
    auto packing = program({{activity::computing, 0.99}}, 9);
    packing.threads = {thread(8, {{activity::computing, 1}}),
                       thread(1, {{activity::computing, 0.15}, {activity::lock, 0.85}})};
    EXPECT_EQ(kind_of(packing), work_kind::cpu_bound);
}

TEST(judge_work, says_why_and_what_suits) {
    auto const verdict = judge_work(program({{activity::computing, 1}}, 9.9), 8);
    EXPECT_THAT(verdict.why, testing::HasSubstr("100 % of the time, on 1.0 processors"));
    EXPECT_THAT(verdict.suits, testing::HasSubstr("threads:8"));
}

}  // namespace
}  // namespace quartet::measure::work_kind_test
