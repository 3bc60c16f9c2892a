// The root and ranks that serve it, as threads of this process: what the root does when it is told that a
// rank is gone or that no way leads anywhere, what a rank does then, and calls over a bad network.

#include "src/models/cluster/hub.hpp"

#include "src/executor/cluster.hpp"
#include "src/models/cluster/cluster_model.hpp"
#include "src/models/cluster/rank.hpp"
#include "tests/models/cluster/in_process_lines.hpp"
#include "tests/waiting.hpp"

#include <quartet/quartet.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace quartet::hub_test {
namespace {

using namespace std::chrono_literals;
using detail::in_process_lines;
using testing::HasSubstr;

detail::model_maker threads_of(std::size_t rank) {
    return [name = "r" + std::to_string(rank)](detail::open_pool_message const& about, log_handler log) {
        return detail::made_model{
            .runs = detail::make_model(parse_spec(about.spec), {.log = std::move(log), .name = name}),
            .here = true,
            .name = name};
    };
}

/// Tells when it was called.
class told_meter final : public detail::node_meter {
public:
    explicit told_meter(std::size_t rank) : seconds_(static_cast<double>(rank)) {}
    void opened() override { calls_ += "opened "; }
    void closes() override { calls_ += "closes "; }
    detail::node_usage used() override { return {.cpu_user_seconds = seconds_, .kernel = calls_ + "used"}; }

private:
    double seconds_;
    std::string calls_;
};

detail::meter_maker meters_of(std::size_t rank) {
    return [rank] { return std::make_unique<told_meter>(rank); };
}

// Bodies cross machines, so what they touch is in the program.
std::atomic<bool> may_end{false};
std::atomic<int> waiting{0};
std::array<std::atomic<int>, 1000> runs{};

int wait_for_the_word(int task) {
    ++waiting;
    while (!may_end)
        std::this_thread::sleep_for(1ms);
    return task;
}

int count_a_run(int index) {
    ++runs[static_cast<std::size_t>(index)];
    return 2 * index;
}

/// Four tasks in the middle of many short ones, each of which waits for the others.
int meet_in_the_middle(int task) {
    if (task < 100'000 || task >= 100'004) return 0;
    ++waiting;
    for (auto const end = std::chrono::steady_clock::now() + 20s;
         waiting < 4 && std::chrono::steady_clock::now() < end;)
        std::this_thread::sleep_for(1ms);
    return waiting;
}

/// A root with two ranks, of a thread each.
class cluster_of_threads {
public:
    explicit cluster_of_threads(std::chrono::nanoseconds silence, detail::in_process_network network = {})
        : lines(3, network) {
        may_end = false;
        waiting = 0;
        for (std::size_t rank = 1; rank < 3; ++rank)
            ranks_.emplace_back([this, rank, silence] {
                ended_with[rank] =
                    detail::serve_root(lines.of(rank), threads_of(rank), silence, {}, meters_of(rank));
            });
        root = std::make_shared<detail::hub>(&lines.of(0),
                                             detail::hub_options{.silence = silence, .make = threads_of(0)});
    }

    ~cluster_of_threads() {
        may_end = true;
        root.reset();
        leave();
    }

    /// Ends the ranks.
    void leave() {
        for (std::size_t rank = 1; rank < 3; ++rank)
            lines.fail(rank, "it is over");
        join();
    }

    /// Until the ranks have ended.
    void join() {
        for (auto& each : ranks_) {
            if (each.joinable()) each.join();
        }
    }

    executor threads(std::string const& spec = "cluster:3+threads:2", detail::node_listener listener = {}) {
        return executor(std::make_unique<detail::cluster_model>(
            root, parse_spec(spec), detail::open_pool_message{.spec = "threads:2"}, log_handler(),
            std::move(listener)));
    }

    in_process_lines lines;
    std::shared_ptr<detail::hub> root;
    std::array<std::string, 3> ended_with{};

private:
    std::vector<std::thread> ranks_;
};

/// Six tasks, one a worker, that have begun; `then` happens, and the others may end.
std::vector<outcome<int>> outcomes_after(cluster_of_threads& on, auto&& then) {
    auto executor = on.threads();
    std::vector<future<int>> futures;
    for (int task = 0; task < 6; ++task)
        futures.push_back(executor.submit(wait_for_the_word, task));
    EXPECT_TRUE(test::comes_true([] { return waiting == 6; }));
    then();
    std::vector<outcome<int>> outcomes;
    for (auto& each : futures)
        outcomes.push_back(each.take());
    return outcomes;
}

bool is_lost(cluster_of_threads& on, std::size_t node) {
    return on.root->nodes()[node].is == detail::node_view::phase::lost;
}

/// What `node` had is lost, because of `why`; all others have values.
void expect_lost(std::vector<outcome<int>> const& outcomes, std::string const& nodes,
                 std::string const& why) {
    std::string lost;
    for (auto const& each : outcomes) {
        if (each) continue;
        EXPECT_EQ(each.error().why, cause::node_lost);
        EXPECT_THAT(each.error().message, HasSubstr(" was lost while it had this task: " + why));
        lost += '.';
    }
    EXPECT_EQ(lost, nodes);
}

// With a silence of an hour, nothing below may wait for it.

TEST(a_root, loses_a_node_at_once_whose_program_has_ended) {
    cluster_of_threads on(1h);
    auto const outcomes = outcomes_after(on, [&] {
        on.lines.end_program(1);
        EXPECT_TRUE(test::comes_true([&] { return is_lost(on, 1); }));
        may_end = true;
    });
    expect_lost(outcomes, "..", "its program has ended");
    EXPECT_FALSE(is_lost(on, 2));
    EXPECT_EQ(on.threads("cluster:2+threads:2").map(count_a_run, std::vector{21}), std::vector{42});
}

TEST(a_root, loses_a_node_at_once_of_which_mpi_tells) {
    cluster_of_threads on(1h);
    auto const outcomes = outcomes_after(on, [&] {
        on.lines.tell_gone(2, 0);
        EXPECT_TRUE(test::comes_true([&] { return is_lost(on, 2); }));
        may_end = true;
    });
    expect_lost(outcomes, "..", "its program has ended");
}

TEST(a_root, goes_on_alone_when_its_way_to_the_others_has_failed) {
    cluster_of_threads on(1h);
    auto const outcomes = outcomes_after(on, [&] {
        on.lines.fail(0, "a reason");
        EXPECT_TRUE(test::comes_true([&] { return is_lost(on, 1) && is_lost(on, 2); }));
        may_end = true;
    });
    expect_lost(outcomes, "....", "the way to it has failed: a reason");
    EXPECT_EQ(on.threads("cluster:1+threads:2").map(count_a_run, std::vector{21}), std::vector{42});
}

TEST(a_root, knows_who_was_gone_before_it_began) {
    in_process_lines lines(2, {});
    lines.tell_gone(1, 0);
    detail::hub root(&lines.of(0), {.silence = 1h, .make = threads_of(0)});
    auto const nodes = root.nodes();
    EXPECT_EQ(nodes[1].is, detail::node_view::phase::lost);
    EXPECT_EQ(nodes[1].refused, "its program has ended");
}

TEST(a_root, is_told_what_nodes_have_used_when_a_pool_ends) {
    cluster_of_threads on(1h);
    std::vector<detail::pool_node> told;
    {
        auto executor =
            on.threads("cluster:3+threads:2", [&](std::vector<detail::pool_node> nodes) { told = nodes; });
        EXPECT_EQ(executor.map(count_a_run, std::vector{21}), std::vector{42});
        EXPECT_TRUE(told.empty());
    }
    ASSERT_EQ(told.size(), 3U);
    EXPECT_FALSE(told[0].used);  // it knows that itself
    for (std::size_t rank = 1; rank < 3; ++rank) {
        EXPECT_EQ(told[rank].number, rank);
        EXPECT_EQ(told[rank].workers, 2U);
        ASSERT_TRUE(told[rank].used);
        EXPECT_EQ(told[rank].used->cpu_user_seconds, static_cast<double>(rank));
        EXPECT_EQ(told[rank].used->kernel, "opened closes used");
    }
}

/// What has gone to all nodes and come from them for a pool that ran this map.
template <class Body, class In>
detail::node_traffic traffic_of(Body body, std::vector<In> const& inputs) {
    cluster_of_threads on(1h);
    detail::node_traffic sum;
    {
        auto executor = on.threads("cluster:3+threads:2", [&](std::vector<detail::pool_node> const& nodes) {
            for (auto const& each : nodes) {
                sum.inputs += each.traffic.inputs;
                sum.results += each.traffic.results;
            }
        });
        executor.map(body, inputs);
    }
    return sum;
}

std::size_t length_of(std::string const& input) {
    return input.size();
}

std::string text_of(std::size_t length) {
    return std::string(length, 'q');
}

// How many tasks go in a message, and so how many heads there are, is a matter of how fast the machine is.

TEST(a_root, counts_the_bytes_of_inputs_and_results) {
    auto const of_inputs = traffic_of(length_of, std::vector(300, std::string(1000, 'q')));
    EXPECT_GT(of_inputs.inputs, 300 * 1000U);
    EXPECT_LT(of_inputs.inputs, 2 * 300 * 1000U);
    EXPECT_GE(of_inputs.results, 300 * sizeof(std::size_t));
    EXPECT_LT(of_inputs.results, 300 * 200U);
    auto const of_results = traffic_of(text_of, std::vector<std::size_t>(300, 1000));
    EXPECT_GT(of_results.results, 300 * 1000U);
    EXPECT_LT(of_results.results, 2 * 300 * 1000U);
    auto const of_large = traffic_of(text_of, std::vector<std::size_t>(9, 200'000));
    EXPECT_GT(of_large.results, 9 * 200'000U) << "which are asked for one by one";
    EXPECT_LT(of_large.results, 9 * 200'000U * 11 / 10);
}

TEST(a_root, does_not_wait_for_what_a_lost_node_has_used) {
    cluster_of_threads on(1h);
    std::vector<detail::pool_node> told;
    {
        auto executor =
            on.threads("cluster:3+threads:2", [&](std::vector<detail::pool_node> nodes) { told = nodes; });
        EXPECT_EQ(executor.map(count_a_run, std::vector{21}), std::vector{42});
        on.lines.end_program(1);
    }
    ASSERT_EQ(told.size(), 3U);
    EXPECT_FALSE(told[1].used);
    EXPECT_TRUE(told[2].used);
}

TEST(a_rank, leaves_when_the_root_is_gone) {
    cluster_of_threads on(1h);
    on.lines.tell_gone(0, 1);
    on.lines.tell_gone(0, 2);
    on.join();
    EXPECT_EQ(on.ended_with[1], "the program of the root has ended");
}

TEST(a_rank, leaves_when_its_way_to_the_root_has_failed) {
    cluster_of_threads on(1h);
    on.lines.fail(1, "a reason");
    on.leave();
    EXPECT_EQ(on.ended_with[1], "a reason");
}

/// A machine that does nothing for long may lose a node; what ran and what is told agrees all the same.
void map_over(detail::in_process_network const& network) {
    for (auto& each : runs)
        each = 0;
    cluster_of_threads on(2s, network);
    std::vector<int> inputs(1000);
    std::iota(inputs.begin(), inputs.end(), 0);
    auto const outcomes = on.threads().try_map(count_a_run, inputs);
    for (int index = 0; index < 1000; ++index) {
        auto const& each = outcomes[static_cast<std::size_t>(index)];
        int const ran = runs[static_cast<std::size_t>(index)];
        if (each) {
            EXPECT_EQ(*each, 2 * index);
            EXPECT_EQ(ran, 1);
        } else {
            EXPECT_EQ(each.error().why, cause::node_lost);
            EXPECT_LE(ran, 1);
        }
    }
}

TEST(a_cluster_of_threads, moves_tasks_that_were_granted_ahead_and_turn_long) {
    cluster_of_threads on(1h);
    std::vector<int> all(200'000);
    std::iota(all.begin(), all.end(), 0);
    auto const met = on.threads().map(meet_in_the_middle, all);
    EXPECT_EQ(std::accumulate(met.begin(), met.end(), 0), 16)
        << "all at the same time: a node has two workers, and of the one that had them the other may have to "
           "wait until its piece has ended";
}

TEST(a_cluster_of_threads, runs_each_task_once_over_a_slow_network) {
    map_over({.delay = 20ms});
}

TEST(a_cluster_of_threads, runs_each_task_once_over_a_network_that_loses_messages) {
    map_over({.how = detail::delivery::careless, .delay = 5ms, .lost = 0.1});
}

}  // namespace
}  // namespace quartet::hub_test
