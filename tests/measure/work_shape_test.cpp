#include "measure/analysis/work_shape.hpp"

#include "timed.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace quartet::measure::work_shape_test {
namespace {

/// 100 tasks that took a second in all with `single`.
measurement of_single(double cpu_seconds) {
    auto made = test::timed(std::vector(8, 1.0));
    made.workload = "some";
    made.spec = "single";
    made.tasks = 100;
    made.cpu_user_seconds = cpu_seconds * 3 / 4;
    made.cpu_system_seconds = cpu_seconds / 4;
    made.tree_peak_bytes = 7'000'000;
    return made;
}

machine_costs known() {
    return {.cpus = 2, .program_bytes = 5e6};
}

TEST(shape_of, parts_a_task_into_computing_and_waiting) {
    auto const shape = shape_of(of_single(0.25), known());
    EXPECT_EQ(shape.tasks, 100u);
    EXPECT_DOUBLE_EQ(shape.cpu_seconds, 0.0025);
    EXPECT_DOUBLE_EQ(shape.wait_seconds, 0.0075);
    EXPECT_DOUBLE_EQ(shape.memory_bytes, 2e6);
    EXPECT_EQ(shape.longest_seconds, 0) << "nothing is known of it";
}

TEST(shape_of, work_that_computes_all_the_time_does_not_wait) {
    auto const shape = shape_of(of_single(0.99), known());
    EXPECT_DOUBLE_EQ(shape.cpu_seconds, 0.01);
    EXPECT_EQ(shape.wait_seconds, 0);
    EXPECT_EQ(shape_of(of_single(1.2), known()).wait_seconds, 0)
        << "ends of processes are accounted to it too";
}

// On a busy machine a loop of the shell was told that it needs no processor for most of its time.
TEST(shape_of, waiting_for_a_processor_is_not_waiting) {
    auto busy = of_single(0.28);
    busy.processor_wait_seconds = 0.72;
    auto shape = shape_of(busy, known());
    EXPECT_EQ(shape.wait_seconds, 0);
    EXPECT_DOUBLE_EQ(shape.cpu_seconds, 0.0028);
    busy.processor_wait_seconds = 0.5;
    shape = shape_of(busy, known());
    EXPECT_NEAR(shape.wait_seconds, 0.0022, 1e-9) << "what is left is";
    EXPECT_DOUBLE_EQ(shape.cpu_seconds, 0.0028);
    busy.processor_wait_seconds = 5;
    EXPECT_EQ(shape_of(busy, known()).wait_seconds, 0) << "an estimate can be too high";
    EXPECT_DOUBLE_EQ(shape_of(busy, known()).cpu_seconds, 0.0028);
}

TEST(shape_of, notes_a_task_that_is_much_longer_than_the_others) {
    auto uneven = of_single(0.1);
    uneven.service_seconds.max = 0.3;
    EXPECT_DOUBLE_EQ(shape_of(uneven, known()).longest_seconds, 0.3);
    uneven.service_seconds.max = 0.012;
    EXPECT_EQ(shape_of(uneven, known()).longest_seconds, 0);
}

TEST(take_sizes, finds_what_crosses_to_nodes) {
    measurement of_cluster{.tasks = 100};
    of_cluster.nodes = {{.name = "a", .input_bytes = 100, .result_bytes = 500'000},
                        {.name = "b", .input_bytes = 300, .result_bytes = 1'500'000}};
    auto costs = known();
    costs.single.result_byte_seconds = 1e-7;
    auto shape = shape_of(of_single(1), costs);
    ASSERT_TRUE(take_sizes(shape, of_cluster, costs));
    EXPECT_DOUBLE_EQ(shape.input_bytes, 4);
    EXPECT_DOUBLE_EQ(shape.result_bytes, 20'000);
    EXPECT_DOUBLE_EQ(shape.cpu_seconds, 0.01 - 20'000 * 1e-7) << "to make them is a part of that";
    EXPECT_DOUBLE_EQ(shape.memory_bytes, 0) << "all that it held were results";
    of_cluster.nodes = {{.name = "a"}};
    EXPECT_FALSE(take_sizes(shape, of_cluster, costs));
    EXPECT_DOUBLE_EQ(shape.result_bytes, 20'000);
}

TEST(run_with_sizes, is_one_on_a_cluster) {
    results all;
    all.measurements = {of_single(1), of_single(1)};
    EXPECT_EQ(run_with_sizes(all, "some"), nullptr);
    all.measurements[1].nodes = {{.name = "a", .result_bytes = 1}};
    EXPECT_EQ(run_with_sizes(all, "some"), &all.measurements[1]);
    EXPECT_EQ(run_with_sizes(all, "other"), nullptr);
}

TEST(as_prediction, has_what_was_measured) {
    auto measured = of_single(0.5);
    measured.spec = "threads:4";
    auto const found = as_prediction(measured, shape_of(of_single(0.5), known()), known());
    EXPECT_EQ(found.spec, parse_spec("threads:4"));
    EXPECT_DOUBLE_EQ(found.seconds, 1);
    EXPECT_DOUBLE_EQ(found.cpu_seconds, 0.5);
    EXPECT_DOUBLE_EQ(found.memory_bytes, 7e6);
    EXPECT_EQ(found.in_flight, 4);
}

TEST(single_run_of, is_one_that_went_well) {
    results all;
    all.measurements = {of_single(0.5), of_single(0.5)};
    all.measurements[0].failed = 1;
    EXPECT_EQ(single_run_of(all, "some"), &all.measurements[1]);
    EXPECT_EQ(single_run_of(all, "other"), nullptr);
}

TEST(as_prediction, of_a_cluster_has_its_nodes_and_what_talks_mpi) {
    auto measured = of_single(0.5);
    measured.spec = "cluster+threads:4";
    measured.nodes = {
        {.name = "a", .workers = 4, .mpi_cpu_seconds = 0.25, .mpi_bytes = 1000},
        {.name = "b", .workers = 4, .mpi_cpu_seconds = 0.125, .mpi_bytes = 2000},
    };
    work_shape const work{.tasks = 100, .cpu_seconds = 0.01};
    auto const elsewhere = as_prediction(measured, work, known());
    EXPECT_DOUBLE_EQ(elsewhere.seconds, 1);
    EXPECT_EQ(elsewhere.nodes, 2u);
    EXPECT_DOUBLE_EQ(elsewhere.in_flight, 8);
    EXPECT_DOUBLE_EQ(elsewhere.cpu_seconds, 0.5 + 0.375);
    EXPECT_DOUBLE_EQ(elsewhere.memory_bytes, 7'003'000);
    auto there = known();
    there.cluster.nodes = {{.name = "a", .cpus = 2}, {.name = "b", .cpus = 2}};
    EXPECT_DOUBLE_EQ(as_prediction(measured, work, there).processors, 4) << "its costs are known there";
}

}  // namespace
}  // namespace quartet::measure::work_shape_test
