// Numbers of workers as people type them.

#include "cli/parsing/counts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace quartet::cli::counts_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(parse_counts, doubles_through_a_range_and_keeps_its_end) {
    EXPECT_THAT(parse_counts("1..64"), ElementsAre(1, 2, 4, 8, 16, 32, 64));
    EXPECT_THAT(parse_counts("1..50"), ElementsAre(1, 2, 4, 8, 16, 32, 50));
    EXPECT_THAT(parse_counts("3..20"), ElementsAre(3, 6, 12, 20));
    EXPECT_THAT(parse_counts("4..4"), ElementsAre(4));
}

TEST(parse_counts, takes_lists_in_any_order_and_each_once) {
    EXPECT_THAT(parse_counts("8,1,2,2"), ElementsAre(1, 2, 8));
    EXPECT_THAT(parse_counts("1..8,6,12"), ElementsAre(1, 2, 4, 6, 8, 12));
    EXPECT_THAT(parse_counts("1000000"), ElementsAre(1'000'000));
}

TEST(parse_counts, refuses_anything_else) {
    for (auto const* text : {"", ",", "1,", "0", "0..4", "4..2", "1..", "..4", "1...4", "x", "1-4", " 1",
                             "1000001", "-1", "1.5", "99999999999999999999"})
        EXPECT_THAT([&] { parse_counts(text); },
                    ThrowsMessage<std::invalid_argument>(HasSubstr("1..64 or 1,2,6")))
            << text;
    std::string many = "1";
    for (int n = 2; n <= 65; ++n)
        many += "," + std::to_string(n);
    EXPECT_THAT([&] { parse_counts(many); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("more than 64 counts")));
}

}  // namespace
}  // namespace quartet::cli::counts_test
