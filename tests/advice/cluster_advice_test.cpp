// Advice where there is a cluster: what its models will need, reckoned by hand, and when they are the ones to
// take.
#include "free_machine.hpp"

#include <quartet/spec.hpp>
#include <quartet/workload/advice.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace quartet::cluster_advice_test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// Nodes with two processors each, to which nothing costs anything.
machine_costs free_cluster(std::size_t nodes) {
    auto made = free_machine(2);
    for (std::size_t place = 0; place < nodes; ++place)
        made.cluster.nodes.push_back({.name = std::string(1, static_cast<char>('a' + place)), .cpus = 2});
    return made;
}

/// Three nodes over Ethernet, with usual costs.
machine_costs usual_nodes() {
    auto made = usual_costs(2);
    made.cluster =
        usual_cluster({{.name = "a", .cpus = 2}, {.name = "b", .cpus = 2}, {.name = "c", .cpus = 2}});
    return made;
}

double seconds(work_shape const& work, std::string_view spec, machine_costs const& costs) {
    return predict(work, parse_spec(spec), costs).seconds;
}

std::string choice(work_shape const& work, machine_costs const& costs, advice_limits const& limits = {}) {
    return to_string(advise(work, costs, limits).choice.spec);
}

TEST(predict_on_cluster, nodes_are_as_one_machine_with_all_their_processors) {
    auto const costs = free_cluster(3);
    work_shape const work{.tasks = 12, .cpu_seconds = 1};
    EXPECT_DOUBLE_EQ(seconds(work, "cluster", costs), 2);
    EXPECT_DOUBLE_EQ(seconds(work, "cluster:2", costs), 3);
    EXPECT_DOUBLE_EQ(seconds(work, "cluster:1+threads:2", costs), 6);
    EXPECT_DOUBLE_EQ(seconds(work, "cluster+async:4", costs), 4) << "a loop has one thread on each node";
    EXPECT_DOUBLE_EQ(seconds({.tasks = 4, .cpu_seconds = 1}, "cluster", costs), 1)
        << "two have nothing to do";
    EXPECT_DOUBLE_EQ(seconds({.tasks = 120, .wait_seconds = 1}, "cluster+async:20", costs), 2);
}

TEST(predict_on_cluster, counts_start_and_tasks) {
    auto costs = free_cluster(3);
    costs.processes.start_seconds = 1;
    costs.processes.worker_seconds = 0.5;
    costs.cluster.start_seconds = 2;
    costs.cluster.node_seconds = 0.25;
    costs.cluster.latency_seconds = 0.125;
    costs.cluster.root_task_seconds = 0.1;
    costs.cluster.node_task_seconds = 0.2;
    // The nodes start their two workers each at the same time; the third node is one more.
    double const start = 1 + 2 * 0.5 + 2 + 0.25 + 2 * 0.125;
    EXPECT_DOUBLE_EQ(seconds({.tasks = 12, .cpu_seconds = 0.7}, "cluster", costs), start + 2 * 1.0);
}

TEST(predict_on_cluster, the_root_sends_and_takes_one_after_another) {
    auto costs = free_cluster(3);
    costs.cluster.hand_out_seconds = 0.1;
    EXPECT_DOUBLE_EQ(seconds({.tasks = 60}, "cluster", costs), 6);
    EXPECT_DOUBLE_EQ(seconds({.tasks = 60, .cpu_seconds = 1}, "cluster", costs), 10) << "meanwhile they run";
    EXPECT_EQ(predict({.tasks = 60}, parse_spec("cluster"), costs).limit, time_limit::sending);
}

// Two thirds of the tasks run elsewhere.
TEST(predict_on_cluster, inputs_and_results_cross_the_network) {
    auto costs = free_cluster(3);
    costs.cluster.input_byte_seconds = 0.03;
    costs.cluster.result_byte_seconds = 0.003;
    work_shape work{.tasks = 12, .cpu_seconds = 1, .result_bytes = 100};
    // Those of the first wave are on their way while the second runs; those of the second are not.
    EXPECT_DOUBLE_EQ(seconds(work, "cluster", costs), 6 * 0.2 + 1 + 6 * 0.2);
    work.cpu_seconds = 2;
    EXPECT_DOUBLE_EQ(seconds(work, "cluster", costs), 2 + 2 + 6 * 0.2);
    work.input_bytes = 5;
    EXPECT_DOUBLE_EQ(seconds(work, "cluster", costs), 6 * 0.1 + 2 + 2 + 6 * 0.2);
    EXPECT_DOUBLE_EQ(seconds(work, "threads:2", costs), 12) << "nothing crosses here";
    EXPECT_DOUBLE_EQ(seconds(work, "cluster:1", costs), 12) << "nor here";
    costs.cluster.crossing_byte_seconds = 0.003;
    EXPECT_DOUBLE_EQ(predict(work, parse_spec("cluster"), costs).cpu_seconds, 12 * (2 + 0.003 * 105 * 2 / 3));
}

TEST(predict_on_cluster, slower_nodes_count_less) {
    auto costs = free_cluster(2);
    costs.cluster.nodes[1] = {.name = "b", .cpus = 4, .speed = 0.5};
    EXPECT_DOUBLE_EQ(predict({.tasks = 100, .cpu_seconds = 1}, parse_spec("cluster"), costs).processors, 4);
    EXPECT_DOUBLE_EQ(seconds({.tasks = 12, .cpu_seconds = 1}, "cluster", costs), 1.5 + 2)
        << "a wave of six, and one more";
}

TEST(predict_on_cluster, nodes_on_one_machine_share_its_processors) {
    auto costs = free_cluster(3);
    costs.cluster.shared = {{.nodes = {0, 1, 2}, .cpus = 2}};
    work_shape const work{.tasks = 12, .cpu_seconds = 1};
    EXPECT_DOUBLE_EQ(seconds(work, "cluster", costs), seconds(work, "threads:2", costs));
    costs.cluster.shared = {{.nodes = {1, 2}, .cpus = 2}};
    EXPECT_DOUBLE_EQ(seconds(work, "cluster", costs), 6 / 4.0 + 2) << "the root has its own";
    EXPECT_DOUBLE_EQ(seconds(work, "cluster:2", costs), 3) << "the third is not asked";
}

TEST(predict_on_cluster, adds_up_the_memory_of_nodes) {
    auto costs = free_cluster(3);
    costs.program_bytes = 1e6;
    costs.processes = {.start_bytes = 100, .worker_bytes = 10};
    costs.cluster.node_bytes = 1000;
    work_shape const work{.tasks = 50, .wait_seconds = 1, .result_bytes = 3, .memory_bytes = 7};
    EXPECT_DOUBLE_EQ(predict(work, parse_spec("cluster+processes:4"), costs).memory_bytes,
                     3 * (1000 + 100 + 40 + 4 * 7) + 150);
}

TEST(predict_on_cluster, knows_no_more_nodes_than_there_are) {
    auto const costs = free_cluster(3);
    work_shape const work{.tasks = 1};
    EXPECT_TRUE(can_predict(parse_spec("cluster:3"), costs));
    EXPECT_FALSE(can_predict(parse_spec("cluster:4"), costs));
    EXPECT_THROW(seconds(work, "cluster:4", costs), std::invalid_argument);
    EXPECT_FALSE(can_predict(parse_spec("cluster"), free_machine(2)));
    EXPECT_THROW(seconds(work, "cluster", free_machine(2)), std::invalid_argument);
}

TEST(advise_on_cluster, takes_it_for_long_tasks) {
    EXPECT_THAT(choice({.tasks = 600, .cpu_seconds = 1}, usual_nodes()), StartsWith("cluster"));
    auto const given = advise({.tasks = 600, .cpu_seconds = 1}, usual_nodes());
    EXPECT_NEAR(given.choice.seconds, 100 / 0.98, 1);
    EXPECT_EQ(given.choice.nodes, 3U);
    EXPECT_EQ(to_string(given.choice.spec), "cluster+threads") << "all nodes, and each has its processors";
}

TEST(advise_on_cluster, leaves_it_for_tiny_tasks) {
    EXPECT_EQ(choice({.tasks = 10, .cpu_seconds = 1e-3}, usual_nodes()), "threads:2");
    EXPECT_EQ(choice({.tasks = 100'000, .cpu_seconds = 2e-6}, usual_nodes()), "threads:2")
        << "sending takes as long";
}

// 100 MB take 0.85 s over the network, and a task computes for half a second.
TEST(advise_on_cluster, leaves_it_for_results_and_inputs_that_are_too_large) {
    work_shape work{.tasks = 600, .cpu_seconds = 0.5, .result_bytes = 100e6};
    EXPECT_EQ(choice(work, usual_nodes()), "threads:2");
    std::swap(work.result_bytes, work.input_bytes);
    EXPECT_EQ(choice(work, usual_nodes()), "threads:2");
    work.input_bytes = 1e6;
    EXPECT_THAT(choice(work, usual_nodes()), StartsWith("cluster"));
}

TEST(advise_on_cluster, takes_no_more_nodes_than_there_is_work_for) {
    auto costs = usual_nodes();
    costs.cluster.node_bytes = 50e6;
    EXPECT_EQ(choice({.tasks = 4, .cpu_seconds = 10}, costs), "cluster:2+threads");
}

TEST(advise_on_cluster, keeps_to_limits_and_to_the_memory_of_nodes) {
    work_shape const work{.tasks = 600, .cpu_seconds = 1, .memory_bytes = 100e6};
    auto costs = usual_nodes();
    EXPECT_EQ(choice(work, costs, {.isolate = true}), "cluster");
    for (auto const& each : advise(work, costs, {.workers = 4}).considered)
        EXPECT_LE(each.in_flight, each.spec.loops ? 600 : 4) << to_string(each.spec);
    EXPECT_THAT(choice(work, costs, {.workers = 1}), testing::Not(StartsWith("cluster")));
    EXPECT_LE(advise(work, costs, {.memory_bytes = 400e6}).choice.memory_bytes, 400e6);
    costs.cluster.nodes[2].memory_bytes = 150e6;
    EXPECT_EQ(choice(work, costs), "cluster:2+threads") << "two tasks don't fit on the third node";
    costs.cluster.nodes[1].memory_bytes = 150e6;
    EXPECT_EQ(choice(work, costs), "cluster+threads:1");
}

TEST(advise_on_cluster, one_node_is_no_choice) {
    for (auto const& each : advise({.tasks = 600, .cpu_seconds = 1}, free_cluster(1)).considered)
        EXPECT_FALSE(each.spec.cluster) << to_string(each.spec);
}

// What a file of results tells of a cluster that is not here.
TEST(advise_on_cluster, chooses_among_measured_models_that_no_costs_are_known_of) {
    auto const found = advise_among({{.spec = parse_spec("cluster"), .seconds = 1, .memory_bytes = 90e6},
                                     {.spec = parse_spec("threads:2"), .seconds = 2, .memory_bytes = 9e6}},
                                    {.tasks = 16, .cpu_seconds = 0.2}, usual_costs(2));
    EXPECT_EQ(to_string(found.choice.spec), "cluster");
    EXPECT_FALSE(found.runner_up_wins);
    EXPECT_THAT(
        reason(found, {.tasks = 16, .cpu_seconds = 0.2}, usual_costs(2)),
        testing::EndsWith("under way at the same time. threads:2 takes 2.0 times as long on one machine "
                          "alone."))
        << "nothing is known of what sending takes";
}

std::string why(work_shape const& work, machine_costs const& costs) {
    return reason(advise(work, costs), work, costs);
}

TEST(reason_on_cluster, says_what_the_other_machines_change) {
    auto const costs = usual_nodes();
    auto const wins = why({.tasks = 600, .cpu_seconds = 1}, costs);
    EXPECT_THAT(wins, HasSubstr("cluster+threads on 3 nodes keeps 6 processors busy. "));
    EXPECT_THAT(wins, HasSubstr("threads:2 takes 3.0 times as long on one machine alone; "));
    EXPECT_THAT(wins, HasSubstr("takes the root 1.2 ms."));
    EXPECT_THAT(why({.tasks = 600, .cpu_seconds = 0.5, .result_bytes = 100e6}, costs),
                HasSubstr("since sending tasks and taking results takes the root"));
    EXPECT_THAT(why({.tasks = 10, .cpu_seconds = 1e-4}, costs), HasSubstr("since starting there takes most"));
    auto one_machine = usual_nodes();
    one_machine.cluster.shared = {{.nodes = {0, 1, 2}, .cpus = 2}};
    EXPECT_THAT(why({.tasks = 600, .cpu_seconds = 1}, one_machine),
                HasSubstr(" takes as long, and costs more."));
}

TEST(family_name, of_a_cluster) {
    EXPECT_EQ(family_name(parse_spec("cluster:3+threads:8")), "cluster+threads");
    EXPECT_EQ(family_name(parse_spec("cluster+processes:4+async:100")), "cluster+processes+async");
    EXPECT_EQ(family_name(parse_spec("cluster:3+processes:2")), "cluster");
}

}  // namespace
}  // namespace quartet::cluster_advice_test
