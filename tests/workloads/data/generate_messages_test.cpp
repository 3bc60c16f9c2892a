#include "workloads/data/generate_messages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace quartet::generate_messages_test {
namespace {

int sum_of_counts(message_list const& messages) {
    return std::accumulate(messages.begin(), messages.end(), 0,
                           [](int sum, message const& each) { return sum + each.count; });
}

TEST(generate_messages, the_fixed_list_is_the_published_one) {
    EXPECT_EQ(sum_of_counts(seed_messages), 178);
    EXPECT_EQ(
        to_text(seed_messages),
        "A 8\nB 10\nC 7\nD 9\nE 8\nF 4\nG 7\nH 10\nI 8\nJ 5\nK 9\nL 7\nM 7\nN 8\nO 2\nP 2\nQ 2\nR 9\nS 10\n"
        "T 7\nU 3\nV 9\nW 4\nX 4\nY 10\nZ 9\n");
}

TEST(generate_messages, names_go_from_a_to_z) {
    message_list const messages = generate_messages(1);
    for (std::size_t i = 0; i != messages.size(); ++i)
        EXPECT_EQ(messages[i].name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i]);
}

TEST(generate_messages, counts_are_all_of_2_to_10) {
    std::set<int> counts;
    for (std::uint64_t seed = 0; seed < 100; ++seed)
        for (message const& each : generate_messages(seed))
            counts.insert(each.count);
    EXPECT_EQ(counts, (std::set<int>{2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST(generate_messages, seed_decides) {
    EXPECT_EQ(generate_messages(7), generate_messages(7));
    EXPECT_NE(generate_messages(7), generate_messages(8));
}

}  // namespace
}  // namespace quartet::generate_messages_test
