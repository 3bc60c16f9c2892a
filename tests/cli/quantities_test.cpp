// Durations, sizes and shares as people type them.

#include "cli/parsing/quantities.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace quartet::cli::quantities_test {
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

TEST(parse_seconds, takes_little_and_nothing) {
    EXPECT_EQ(parse_seconds("0"), 0);
    EXPECT_DOUBLE_EQ(parse_seconds("20us"), 2e-5);
    EXPECT_DOUBLE_EQ(parse_seconds("5ns"), 5e-9);
    EXPECT_DOUBLE_EQ(parse_seconds("1s500ms"), 1.5);
    EXPECT_THAT([] { parse_seconds("fast"); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("0, 20us, 1.5ms")));
}

TEST(parse_bytes, takes_units_of_ten_and_of_two) {
    EXPECT_EQ(parse_bytes("0"), 0);
    EXPECT_EQ(parse_bytes("512"), 512);
    EXPECT_EQ(parse_bytes("512B"), 512);
    EXPECT_EQ(parse_bytes("10kB"), 10'000);
    EXPECT_EQ(parse_bytes("1.5MB"), 1'500'000);
    EXPECT_EQ(parse_bytes("64MiB"), 64 << 20);
    EXPECT_EQ(parse_bytes("2GiB"), 2147483648.0);
}

TEST(parse_bytes, refuses_anything_else) {
    for (auto const* text : {"", "-1", "x", "1 MB", "1mb", "1TBs", "9999999999999999999"})
        EXPECT_THAT([&] { parse_bytes(text); },
                    ThrowsMessage<std::invalid_argument>(HasSubstr("10kB, 1.5MB or 64MiB")))
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
}  // namespace quartet::cli::quantities_test
