// The orders of rounds: each configuration in each place, and behind each other one, equally often.
#include "measure/trial/round_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace quartet::measure::round_order_test {
namespace {

std::size_t rounds_of_block(std::size_t count) {
    return count % 2 == 0 ? count : 2 * count;
}

TEST(round_order, has_each_once) {
    for (std::size_t count = 0; count < 12; ++count) {
        for (std::size_t round = 0; round < 30; ++round) {
            auto const order = round_order(count, round, 7);
            EXPECT_EQ(order.size(), count);
            EXPECT_EQ(std::set(order.begin(), order.end()).size(), count);
            EXPECT_TRUE(std::ranges::all_of(order, [&](std::size_t each) { return each < count; }));
        }
    }
}

TEST(round_order, is_balanced_over_each_block) {
    for (std::size_t count = 2; count < 12; ++count) {
        std::size_t const block = rounds_of_block(count);
        for (std::size_t first : {std::size_t{0}, block, 2 * block}) {
            std::map<std::pair<std::size_t, std::size_t>, std::size_t> places;
            std::map<std::pair<std::size_t, std::size_t>, std::size_t> neighbours;
            for (std::size_t round = first; round < first + block; ++round) {
                auto const order = round_order(count, round, 20'261'123);
                for (std::size_t place = 0; place < count; ++place) {
                    ++places[{order[place], place}];
                    if (place > 0) ++neighbours[{order[place - 1], order[place]}];
                }
            }
            EXPECT_EQ(places.size(), count * count);
            EXPECT_EQ(neighbours.size(), count * (count - 1));
            for (auto const& [what, times] : places)
                EXPECT_EQ(times, block / count);
            for (auto const& [what, times] : neighbours)
                EXPECT_EQ(times, block / count);
        }
    }
}

TEST(round_order, follows_the_seed) {
    EXPECT_EQ(round_order(6, 3, 1), round_order(6, 3, 1));
    std::set<std::vector<std::size_t>> orders;
    for (std::uint64_t seed = 0; seed < 50; ++seed)
        orders.insert(round_order(6, 0, seed));
    EXPECT_GT(orders.size(), 30u);
}

// So that a file read years later can be run again.
TEST(round_order, is_the_same_everywhere) {
    EXPECT_EQ(round_order(4, 0, 42), (std::vector<std::size_t>{2, 1, 0, 3}));
    EXPECT_EQ(round_order(4, 1, 42), (std::vector<std::size_t>{1, 3, 2, 0}));
}

}  // namespace
}  // namespace quartet::measure::round_order_test
