// Durations and shares as people type them.

#include "cli/quantities.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace quartet::cli {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(parse_duration, takes_seconds_and_units) {
    EXPECT_EQ(parse_duration("90").count(), 90);
    EXPECT_EQ(parse_duration("90s").count(), 90);
    EXPECT_EQ(parse_duration("2m").count(), 120);
    EXPECT_EQ(parse_duration("1.5m").count(), 90);
    EXPECT_EQ(parse_duration("1h30m").count(), 5400);
    EXPECT_EQ(parse_duration("2m30s").count(), 150);
    EXPECT_DOUBLE_EQ(parse_duration("200ms").count(), 0.2);
}

TEST(parse_duration, refuses_anything_else) {
    for (auto const* text :
         {"", "0", "0s", "-1", "s", "2 m", "2x", "2m3", "m2", "1e3", "nan", "inf", "9999999h", "2m2m2"})
        EXPECT_THAT([&] { parse_duration(text); },
                    ThrowsMessage<std::invalid_argument>(HasSubstr("90s, 2m or 1h30m")))
            << text;
}

TEST(parse_share, takes_percent_and_fractions) {
    EXPECT_DOUBLE_EQ(parse_share("2%"), 0.02);
    EXPECT_DOUBLE_EQ(parse_share("0.02"), 0.02);
    EXPECT_DOUBLE_EQ(parse_share("12.5%"), 0.125);
}

TEST(parse_share, refuses_anything_else) {
    for (auto const* text : {"", "0", "0%", "1", "100%", "2", "-1%", "2 %", "%", "x", "nan", "2%%"})
        EXPECT_THAT([&] { parse_share(text); }, ThrowsMessage<std::invalid_argument>(HasSubstr("2% or 0.02")))
            << text;
}

}  // namespace
}  // namespace quartet::cli
