// The number of jobs at once: what it may never go beyond, and how it explains itself.
#include "batch/control/concurrency_control.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace quartet::batch::control_test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

machine_state idle() {
    return {.processors = 4,
            .busy = 0.1,
            .runnable = 0,
            .load = 0.5,
            .memory_available = 64'000'000'000,
            .descriptors_free = 100000};
}

/// Jobs that take a second each and start as soon as they may, with a reading of the machine each tenth of
/// one.
class driver {
public:
    explicit driver(concurrency_options const& options) : control(options) {}

    void pass(double seconds, machine_state const& machine) {
        for (double const end = now + seconds; now < end; now += 0.1) {
            control.machine(now, machine);
            end_those_due();
            while (control.may_start(now)) {
                control.job_started(now);
                started.push_back(now);
            }
            most = std::max(most, control.running());
        }
    }

    void end_those_due() {
        while (!started.empty() && started.front() <= now - 1) {
            control.job_ended(now,
                              {.seconds = now - started.front(), .cpu_seconds = share, .peak_bytes = peak});
            started.erase(started.begin());
        }
    }

    concurrency_control control;
    double now = 0;
    std::size_t most = 0;
    std::uint64_t peak = 10'000'000;
    double share = 1;  // of the second in which they compute
    std::vector<double> started;
};

TEST(Concurrency, begins_with_what_it_is_given) {
    EXPECT_EQ(concurrency_control({.first = 6}).limit(), 6u);
    EXPECT_EQ(concurrency_control({.first = 6, .most = 3}).limit(), 3u);
    EXPECT_EQ(concurrency_control({.first = 0, .most = 0}).limit(), 1u);
}

TEST(Concurrency, jobs_that_wait_are_made_more_at_once_before_one_has_ended) {
    driver batch({.first = 4});
    batch.pass(0.9, idle());
    EXPECT_GE(batch.most, 64u);
}

TEST(Concurrency, jobs_that_compute_stay_as_many_as_processors) {
    driver batch({.first = 4});
    auto busy = idle();
    busy.busy = 4;
    busy.runnable = 4;
    batch.pass(30, busy);
    EXPECT_EQ(batch.most, 4u);
    EXPECT_THAT(batch.control.explanation(), testing::StrEq("4 at once: the processors were busy"));
}

TEST(Concurrency, jobs_that_wait_are_made_more_at_once_though_others_compute) {
    driver batch({.first = 4});
    auto busy = idle();
    busy.busy = 4;
    busy.runnable = 4;
    batch.pass(20, busy);
    EXPECT_EQ(batch.most, 4u);
    driver waiting({.first = 4});
    waiting.share = 0.01;
    waiting.pass(20, busy);
    EXPECT_GE(waiting.most, 32u);
}

TEST(Concurrency, what_jobs_took_tells_where_the_system_does_not) {
    concurrency_control control({.first = 4});
    double now = 0;
    control.machine(now, {.processors = 4});
    for (int job = 0; job != 4; ++job)
        control.job_started(now);
    for (int second = 0; second != 60; ++second) {
        for (int reading = 0; reading != 10; ++reading)
            control.machine(now += 0.1, {.processors = 4});
        for (int job = 0; job != 4; ++job) {
            control.job_ended(now, {.seconds = 1, .cpu_seconds = 0.99});
            control.job_started(now);
        }
        EXPECT_LE(control.limit(), second > 0 ? 8u : 256u);
    }
    EXPECT_LE(control.limit(), 4u);
}

TEST(Concurrency, where_far_more_want_to_run_than_can_they_are_made_fewer_without_an_end) {
    concurrency_control control({.first = 40});
    auto busy = idle();
    busy.busy = 4;
    busy.runnable = 40;
    for (int job = 0; job != 40; ++job)
        control.job_started(0);
    for (int reading = 1; reading != 120; ++reading)
        control.machine(0.1 * reading, busy);
    EXPECT_LE(control.limit(), 6u);
    EXPECT_GE(control.limit(), 4u);
    EXPECT_FALSE(control.may_start(12));
}

TEST(Concurrency, never_more_than_the_user_allows) {
    driver batch({.first = 4, .most = 10});
    batch.pass(20, idle());
    EXPECT_EQ(batch.most, 10u);
    EXPECT_EQ(batch.control.explanation(), "10 at once: as many as are allowed");
}

TEST(Concurrency, a_number_that_was_asked_for_stays) {
    driver batch({.first = 7, .automatic = false});
    batch.pass(20, idle());
    EXPECT_EQ(batch.most, 7u);
    EXPECT_EQ(batch.control.limit(), 7u);
    EXPECT_THAT(batch.control.changes(), testing::IsEmpty());
}

TEST(Concurrency, never_more_than_fit_into_memory) {
    driver batch({.first = 2});
    batch.peak = 1'000'000'000;
    auto machine = idle();
    machine.memory_available = 12'000'000'000;
    batch.control.machine(0, machine);
    batch.control.job_started(0);
    batch.control.job_ended(0.5, {.seconds = 0.5, .peak_bytes = batch.peak});
    batch.now = 0.6;
    for (int round = 0; round != 200; ++round) {
        machine.memory_available = 12'000'000'000 - batch.control.running() * batch.peak;
        batch.pass(0.1, machine);
    }
    EXPECT_LE(batch.most, 11u);
    EXPECT_GE(batch.most, 8u);
    EXPECT_THAT(batch.control.explanation(), HasSubstr("no more fit into memory"));
}

TEST(Concurrency, never_more_memory_than_the_user_allows) {
    driver batch({.first = 2, .max_memory = 100'000'000});
    batch.peak = 20'000'000;
    batch.control.machine(0, idle());
    batch.control.job_started(0);
    batch.control.job_ended(0.5, {.seconds = 0.5, .peak_bytes = batch.peak});
    batch.now = 0.6;
    batch.pass(20, idle());
    EXPECT_LE(batch.most, 5u);
    EXPECT_GE(batch.most, 4u);
}

TEST(Concurrency, one_job_may_run_whatever_it_takes) {
    concurrency_control control({.first = 2, .max_memory = 1000, .max_load = 0.1});
    auto machine = idle();
    machine.load = 50;
    machine.memory_available = 0;
    machine.descriptors_free = 0;
    control.machine(0, machine);
    EXPECT_EQ(control.limit(), 1u);
    EXPECT_TRUE(control.may_start(0));
    control.job_started(0);
    EXPECT_FALSE(control.may_start(0));
}

TEST(Concurrency, nothing_starts_above_the_load_that_is_allowed) {
    concurrency_control control({.first = 8, .max_load = 3});
    auto machine = idle();
    control.machine(0, machine);
    control.job_started(0);
    control.job_started(0);
    EXPECT_TRUE(control.may_start(0));
    machine.load = 3.5;
    control.machine(0.1, machine);
    EXPECT_FALSE(control.may_start(0.1));
    machine.load = 2;
    control.machine(0.2, machine);
    EXPECT_TRUE(control.may_start(0.2));
}

TEST(Concurrency, never_more_than_there_are_descriptors_for) {
    driver batch({.first = 4, .descriptors_per_job = 5});
    for (int round = 0; round != 100; ++round) {
        auto machine = idle();
        machine.descriptors_free = 100 - 5 * batch.control.running();
        batch.pass(0.1, machine);
    }
    EXPECT_LE(batch.most, 20u);
    EXPECT_GE(batch.most, 16u);
    EXPECT_THAT(batch.control.explanation(), HasSubstr("no more descriptors"));
}

TEST(Concurrency, less_runs_where_tasks_wait_for_memory) {
    concurrency_control control({.first = 10});
    auto machine = idle();
    control.machine(0, machine);
    for (int job = 0; job != 10; ++job)
        control.job_started(0);
    machine.memory_stalled = 0.4;
    control.machine(1, machine);
    EXPECT_EQ(control.limit(), 7u);
    control.machine(2.5, machine);
    EXPECT_EQ(control.limit(), 4u);
    EXPECT_EQ(control.changes().back().why, limit_reason::memory);
}

TEST(Concurrency, changes_are_kept_up_to_a_number) {
    concurrency_control control({.first = 8, .max_load = 3});
    auto machine = idle();
    for (int job = 0; job != 8; ++job)
        control.job_started(0);
    for (int reading = 0; reading != 2000; ++reading) {
        // Memory comes and goes.
        machine.memory_available = reading % 2 == 0 ? 64'000'000'000 : 1'000'000'000;
        control.machine(reading, machine);
    }
    EXPECT_LE(control.changes().size(), 256u);
    EXPECT_THAT(describe({.from = 8, .to = 7, .why = limit_reason::memory}), StartsWith("from 8 to 7: "));
}

}  // namespace
}  // namespace quartet::batch::control_test
