// What a survey of nodes says about their processors.
#include "measure/analysis/cluster_probing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace quartet::measure::cluster_probing_test {
namespace {

using testing::ElementsAre;

surveyed_node node(std::string name, std::string kernel, std::vector<std::uint64_t> numbers,
                   std::uint64_t steps = 0) {
    auto const count = numbers.size();
    return {.name = std::move(name),
            .seen = {},
            .reached = {},
            .processors = count,
            .numbers = std::move(numbers),
            .kernel = std::move(kernel),
            .memory = 1'000'000,
            .steps = steps};
}

TEST(nodes_of, have_what_the_survey_found) {
    auto const found =
        nodes_of({node("a", "1", {0, 1}, 1000), node("b", "2", {0, 1, 2}, 500), node("c", "1", {0, 1}, 300)});
    EXPECT_THAT(found, ElementsAre(cluster_node{.name = "a", .cpus = 2, .speed = 1, .memory_bytes = 1e6},
                                   cluster_node{.name = "b", .cpus = 3, .speed = 0.5, .memory_bytes = 1e6},
                                   cluster_node{.name = "c", .cpus = 2, .speed = 1, .memory_bytes = 1e6}))
        << "c is on the root's machine, and was slow only beside it";
    EXPECT_EQ(nodes_of({node("a", "1", {0}), node("b", "2", {0})})[1].speed, 1) << "not asked";
}

TEST(shared_among, nodes_with_the_same_kernel_share_processors) {
    EXPECT_TRUE(shared_among({node("a", "1", {0, 1}), node("b", "2", {0, 1})}).empty());
    EXPECT_TRUE(shared_among({node("a", "1", {0}), node("b", "1", {1})}).empty())
        << "each is bound to its own";
    EXPECT_TRUE(shared_among({node("a", "", {0}), node("b", "", {0})}).empty()) << "nothing is known";
    auto const found = shared_among(
        {node("a", "1", {0, 1}), node("b", "2", {0, 1}), node("c", "2", {1, 2}), node("d", "2", {1})});
    EXPECT_THAT(found, ElementsAre(shared_processors{.nodes = {1, 2, 3}, .cpus = 3}));
}

TEST(shared_among, a_quota_is_a_part_of_its_own) {
    auto one = node("a", "1", {0, 1, 2, 3});
    auto other = node("b", "1", {0, 1, 2, 3});
    one.processors = other.processors = 2;
    EXPECT_TRUE(shared_among({one, other}).empty());
}

}  // namespace
}  // namespace quartet::measure::cluster_probing_test
