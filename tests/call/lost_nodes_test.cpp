// A task that has cost two nodes of a cluster is not given a third.

#include <quartet/backend/model.hpp>
#include <quartet/quartet.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace quartet::lost_nodes_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// Has each task fail as the test says: by the number of the try, from 0, and that of the task.
class failing final : public model {
public:
    using fault = std::function<failure(std::size_t round, std::size_t task)>;

    failing(std::vector<std::vector<std::size_t>>& tried, fault how) : tried_(tried), how_(std::move(how)) {}

    void start(job& work) override {
        std::size_t const round = tried_.size();
        tried_.emplace_back();
        for (std::size_t index = 0; index < work.size(); ++index) {
            std::size_t const task = work.number_of(index);
            tried_.back().push_back(task);
            failure why = how_(round, task);
            why.index = index;
            work.fail(std::move(why));
        }
        if (work.count_off(work.size())) work.finish();
    }
    void stop() noexcept override {}
    void join() noexcept override {}
    std::string spec() const override { return "failing"; }
    model_traits traits() const noexcept override { return {false, true, true}; }
    std::size_t concurrency() const noexcept override { return 1; }
    bool runs_in_start() const noexcept override { return true; }

private:
    std::vector<std::vector<std::size_t>>& tried_;
    fault how_;
};

failure lost(std::string const& node) {
    return {.why = cause::node_lost, .message = "the node " + node + " was lost", .worker = node};
}

/// Task 1 costs a node each time; the others throw.
failure one_costs_nodes(std::size_t round, std::size_t task) {
    if (task == 1) return lost("n" + std::to_string(round));
    return {.why = cause::threw, .message = "thrown"};
}

struct a_task_that_costs_nodes : testing::Test {
    executor with(failing::fault how) { return executor(std::make_unique<failing>(tried, std::move(how))); }

    call_options options{.retry = {.times = 4, .pause = 0ns}};
    std::vector<std::vector<std::size_t>> tried;
};

int twice(int number) {
    return 2 * number;
}

TEST_F(a_task_that_costs_nodes, is_tried_twice) {
    auto executor = with(one_costs_nodes);
    auto const outcomes = executor.try_map(twice, std::vector{1, 2, 3}, options);
    EXPECT_THAT(tried, ElementsAre(ElementsAre(0, 1, 2), ElementsAre(0, 1, 2), ElementsAre(0, 2),
                                   ElementsAre(0, 2), ElementsAre(0, 2)));
    EXPECT_EQ(outcomes[1].error().why, cause::node_lost);
    EXPECT_EQ(outcomes[1].error().index, 1U);
    EXPECT_EQ(outcomes[1].error().message,
              "the node n1 was lost; it is given up, for n0 was lost with it before");
    EXPECT_EQ(outcomes[2].error().message, "thrown");
}

TEST_F(a_task_that_costs_nodes, is_tried_twice_whatever_a_condition_says) {
    options.retry.when = [](failure const& why) { return why.why == cause::node_lost; };
    auto executor = with(one_costs_nodes);
    try {
        executor.map(twice, std::vector{1, 2, 3}, options);
        FAIL() << "nothing was thrown";
    } catch (map_error const& error) {
        ASSERT_EQ(error.failures().size(), 3U);
    }
    EXPECT_THAT(tried, ElementsAre(ElementsAre(0, 1, 2), ElementsAre(1)));
}

TEST_F(a_task_that_costs_nodes, is_tried_twice_in_a_stream) {
    auto executor = with(one_costs_nodes);
    std::vector<std::string> messages;
    for (auto& each : executor.stream(twice, std::vector{1, 2, 3}, {.call = options}))
        messages.push_back(each.error().message);
    std::size_t tries = 0;
    for (auto const& round : tried)
        tries += static_cast<std::size_t>(std::ranges::count(round, 1U));
    EXPECT_EQ(tries, 2U);
    EXPECT_THAT(messages[1], HasSubstr("it is given up"));
}

TEST_F(a_task_that_costs_nodes, is_tried_twice_by_a_single_call) {
    auto executor = with([](std::size_t round, std::size_t) { return lost("n" + std::to_string(round)); });
    auto const outcome = executor.submit(options, twice, 1).take();
    EXPECT_EQ(tried.size(), 2U);
    EXPECT_EQ(outcome.error().message,
              "the node n1 was lost; it is given up, for n0 was lost with it before");
}

TEST_F(a_task_that_costs_nodes, is_tried_on_if_it_was_only_one) {
    auto executor = with([](std::size_t round, std::size_t) {
        return round == 1 ? lost("n1") : failure{.why = cause::threw, .message = "thrown"};
    });
    auto const outcomes = executor.try_map(twice, std::vector{1}, options);
    EXPECT_EQ(tried.size(), 5U);
    EXPECT_EQ(outcomes[0].error().message, "thrown");
}

TEST_F(a_task_that_costs_nodes, is_none_where_no_node_has_begun_it) {
    auto executor = with([](std::size_t, std::size_t) {
        return failure{.why = cause::node_lost, .message = "all nodes of the cluster are lost"};
    });
    auto const outcomes = executor.try_map(twice, std::vector{1}, options);
    EXPECT_EQ(tried.size(), 5U);
}

}  // namespace
}  // namespace quartet::lost_nodes_test
