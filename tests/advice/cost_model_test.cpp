#include "free_machine.hpp"

#include <quartet/spec.hpp>
#include <quartet/workload/advice.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string_view>

namespace quartet::cost_model_test {
namespace {

double seconds(work_shape const& work, std::string_view spec, machine_costs const& costs = free_machine(2)) {
    return predict(work, parse_spec(spec), costs).seconds;
}

TEST(predict, one_after_another_everything_adds_up) {
    EXPECT_DOUBLE_EQ(seconds({.tasks = 10, .cpu_seconds = 1, .wait_seconds = 2}, "single"), 30);
}

TEST(predict, computing_is_shared_by_the_processors_there_are) {
    work_shape const work{.tasks = 8, .cpu_seconds = 1};
    EXPECT_DOUBLE_EQ(seconds(work, "threads:2"), 4);
    EXPECT_DOUBLE_EQ(seconds(work, "processes:2"), 4);
    EXPECT_DOUBLE_EQ(seconds(work, "processes:2+async:10"), 4);
    EXPECT_DOUBLE_EQ(seconds(work, "threads:8"), 4) << "more threads are no more processors";
    EXPECT_DOUBLE_EQ(seconds(work, "async:8"), 8) << "a loop has one thread";
    EXPECT_DOUBLE_EQ(seconds({.tasks = 7, .cpu_seconds = 1}, "threads:2"), 4)
        << "the last has nobody beside it";
}

TEST(predict, waits_overlap_as_many_as_are_under_way) {
    work_shape const work{.tasks = 100, .wait_seconds = 1};
    EXPECT_DOUBLE_EQ(seconds(work, "threads:10"), 10);
    EXPECT_DOUBLE_EQ(seconds(work, "async:50"), 2);
    EXPECT_DOUBLE_EQ(seconds(work, "async:each"), 1);
    EXPECT_DOUBLE_EQ(seconds(work, "processes:2+async:25"), 2);
}

// 20 tasks that compute for 0.1 s need 2 s of a processor, in which all but the last have waited.
TEST(predict, a_loop_that_is_busy_waits_at_the_end_only) {
    EXPECT_DOUBLE_EQ(seconds({.tasks = 20, .cpu_seconds = 0.1, .wait_seconds = 0.5}, "async:20"), 2.5);
}

// All of a wave compute at the same pace, and then wait at the same time.
TEST(predict, threads_that_compute_for_long_wait_together) {
    work_shape const work{.tasks = 40, .cpu_seconds = 0.1, .wait_seconds = 0.5};
    EXPECT_NEAR(seconds(work, "threads:20"), 1.5 + 1.5, 1e-9);
    auto patient = free_machine(2);
    patient.slice_seconds = 1;
    EXPECT_NEAR(seconds(work, "threads:20", patient), 1 + 1.5, 1e-9)
        << "who keeps the processor begins to wait first";
}

TEST(predict, nothing_is_faster_than_the_longest_task) {
    EXPECT_DOUBLE_EQ(seconds({.tasks = 26, .wait_seconds = 5, .longest_seconds = 10}, "async:26"), 10);
    EXPECT_DOUBLE_EQ(seconds({.tasks = 26, .wait_seconds = 5, .longest_seconds = 10}, "single"), 130);
}

TEST(predict, a_disk_lets_only_some_wait_at_the_same_time) {
    auto machine = free_machine(2);
    machine.disk_waits = 4;
    work_shape const work{.tasks = 64, .wait_seconds = 1, .waits_for = wait_kind::disk};
    EXPECT_DOUBLE_EQ(seconds(work, "async:8", machine), 7 * 2 + 1);
    EXPECT_DOUBLE_EQ(seconds(work, "async:4", machine), 16);
}

TEST(predict, under_a_global_lock_threads_compute_one_at_a_time) {
    auto machine = free_machine(2);
    machine.global_lock = true;
    work_shape const work{.tasks = 8, .cpu_seconds = 1};
    EXPECT_DOUBLE_EQ(seconds(work, "threads:2", machine), 8);
    EXPECT_DOUBLE_EQ(seconds(work, "processes:2", machine), 4);
}

TEST(predict, counts_what_models_ask_for) {
    auto machine = free_machine(2);
    machine.efficiency = 0.5;
    machine.threads = {.start_seconds = 1, .worker_seconds = 0.5, .task_seconds = 0.1, .sleep_seconds = 0.2};
    EXPECT_DOUBLE_EQ(seconds({.tasks = 2}, "threads:2", machine), 1 + 2 * 0.5 + 0.1 / 0.5);
    EXPECT_DOUBLE_EQ(seconds({.tasks = 1, .wait_seconds = 3, .waits_for = wait_kind::sleep, .waits = 2},
                             "threads:1", machine),
                     1 + 0.5 + 0.1 + 2 * 0.2 + 3);
}

TEST(predict, counts_that_tasks_go_on_late) {
    auto machine = free_machine(2);
    machine.threads.late_seconds = 0.1;
    work_shape const work{.tasks = 4, .wait_seconds = 1, .waits = 3};
    EXPECT_DOUBLE_EQ(seconds(work, "threads:2", machine), 2 * (1 + 3 * 0.1));
}

TEST(predict, tasks_come_no_faster_than_they_are_handed_out) {
    auto machine = free_machine(2);
    machine.threads.task_seconds = machine.threads.hand_out_seconds = 0.1;
    EXPECT_DOUBLE_EQ(seconds({.tasks = 100}, "threads:2", machine), 10);
    EXPECT_DOUBLE_EQ(seconds({.tasks = 100, .cpu_seconds = 1}, "threads:2", machine), 50 * 1.1);
}

TEST(predict, memory_is_touched_once_for_each_task_under_way) {
    auto machine = free_machine(2);
    machine.memory_byte_seconds = 0.001;
    work_shape work{.tasks = 100, .wait_seconds = 1, .memory_bytes = 1000};
    EXPECT_DOUBLE_EQ(seconds(work, "async:10", machine), 10 * 1 + 10);
    EXPECT_DOUBLE_EQ(seconds(work, "threads:10", machine), 10 * 1 / 2.0 + 10);
    work.wait_seconds = 0;
    EXPECT_DOUBLE_EQ(seconds(work, "async:10", machine), 1) << "one ends before the next begins";
}

TEST(predict, operations_on_files_cost_something_even_if_they_do_not_wait) {
    auto machine = free_machine(2);
    machine.async.disk_wait_seconds = machine.async.network_wait_seconds = 0.1;
    work_shape work{.tasks = 10, .waits_for = wait_kind::disk, .waits = 3};
    EXPECT_DOUBLE_EQ(seconds(work, "async:5", machine), 3);
    work.waits_for = wait_kind::network;
    EXPECT_DOUBLE_EQ(seconds(work, "async:5", machine), 0);
}

TEST(predict, a_result_is_made_once_by_a_loop_in_a_worker) {
    auto machine = free_machine(2);
    machine.threads.result_byte_seconds = machine.async.result_byte_seconds = 0.01;
    machine.processes.result_byte_seconds = 0.03;
    work_shape const work{.tasks = 2, .result_bytes = 100};
    EXPECT_DOUBLE_EQ(seconds(work, "async:2", machine), 2);
    EXPECT_DOUBLE_EQ(seconds(work, "threads:2+async:1", machine), 1);
    EXPECT_DOUBLE_EQ(seconds(work, "processes:2+async:1", machine), 3);
}

TEST(predict, adds_up_memory) {
    auto machine = free_machine(2);
    machine.program_bytes = 1000;
    machine.processes = {.start_bytes = 100, .worker_bytes = 10};
    machine.async = {.start_bytes = 5, .in_flight_bytes = 2};
    work_shape const work{.tasks = 50, .wait_seconds = 1, .result_bytes = 3, .memory_bytes = 7};
    EXPECT_DOUBLE_EQ(predict(work, parse_spec("processes:4"), machine).memory_bytes,
                     1000 + 100 + 40 + 4 * 7 + 150);
    EXPECT_DOUBLE_EQ(predict(work, parse_spec("async:20"), machine).memory_bytes,
                     1000 + 5 + 20 * (7 + 2) + 150);
    EXPECT_DOUBLE_EQ(predict(work, parse_spec("processes:4+async:5"), machine).memory_bytes,
                     1000 + 100 + 40 + 4 * 5 + 20 * (7 + 2) + 150);
}

TEST(predict, says_what_takes_the_time) {
    auto machine = free_machine(2);
    EXPECT_EQ(predict({.tasks = 8, .cpu_seconds = 1}, parse_spec("threads:2"), machine).limit,
              time_limit::computing);
    EXPECT_EQ(predict({.tasks = 8, .wait_seconds = 1}, parse_spec("threads:2"), machine).limit,
              time_limit::waiting);
    EXPECT_EQ(
        predict({.tasks = 8, .wait_seconds = 1, .longest_seconds = 3}, parse_spec("async:8"), machine).limit,
        time_limit::longest_task);
    machine.threads.start_seconds = 100;
    EXPECT_EQ(predict({.tasks = 8, .cpu_seconds = 1}, parse_spec("threads:2"), machine).limit,
              time_limit::starting);
}

TEST(predict, refuses_work_that_is_none) {
    double const nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THROW(seconds({.tasks = 0, .cpu_seconds = 1}, "single"), std::invalid_argument);
    EXPECT_THROW(seconds({.tasks = 1, .cpu_seconds = -1}, "single"), std::invalid_argument);
    EXPECT_THROW(seconds({.tasks = 1, .wait_seconds = nan}, "single"), std::invalid_argument);
    EXPECT_THROW(seconds({.tasks = 1, .wait_seconds = 1, .waits = 0}, "single"), std::invalid_argument);
    EXPECT_THROW(seconds({.tasks = 1, .memory_bytes = INFINITY}, "single"), std::invalid_argument);
}

}  // namespace
}  // namespace quartet::cost_model_test
