// Parameters of command lines.

#include "measure/commands/parameters.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace quartet::measure::parameters_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(parse_scan, counts_in_steps_and_both_ways) {
    auto const level = parse_scan("level=1..4");
    EXPECT_EQ(level.name, "level");
    EXPECT_THAT(level.values, ElementsAre("1", "2", "3", "4"));
    EXPECT_THAT(parse_scan("n=1..9:3").values, ElementsAre("1", "4", "7"));
    EXPECT_THAT(parse_scan("n=3..1").values, ElementsAre("3", "2", "1"));
    EXPECT_THAT(parse_scan("n=-1..1").values, ElementsAre("-1", "0", "1"));
    EXPECT_THAT(parse_scan("n=5..5").values, ElementsAre("5"));
}

TEST(parse_scan, is_exact_with_decimals) {
    EXPECT_THAT(parse_scan("r=0.1..0.5:0.1").values, ElementsAre("0.1", "0.2", "0.3", "0.4", "0.5"));
    EXPECT_THAT(parse_scan("r=0..1:0.25").values, ElementsAre("0.00", "0.25", "0.50", "0.75", "1.00"));
    EXPECT_THAT(parse_scan("r=-0.5..0:0.5").values, ElementsAre("-0.5", "0.0"));
}

TEST(parse_scan, multiplies) {
    EXPECT_THAT(parse_scan("j=1..64:*4").values, ElementsAre("1", "4", "16", "64"));
    EXPECT_THAT(parse_scan("j=3..20:*2").values, ElementsAre("3", "6", "12"));
}

TEST(parse_scan, refuses_anything_else) {
    for (auto const* text : {"", "level", "=1..2", "le vel=1..2"})
        EXPECT_THAT([&] { parse_scan(text); }, ThrowsMessage<std::invalid_argument>(HasSubstr("of the form")))
            << text;
    for (auto const* text :
         {"n=", "n=1", "n=1..", "n=..2", "n=1..2:", "n=1..2:0", "n=1..2:-1", "n=a..b", "n=1...2", "n=1..2:*1",
          "n=0..8:*2", "n=8..1:*2", "n=1.5..4:*2", "n=1.", "n=1..99999999999999999999", "n=0.0000000001..1"})
        EXPECT_THAT([&] { parse_scan(text); }, ThrowsMessage<std::invalid_argument>(HasSubstr("no range")))
            << text;
    EXPECT_THAT([&] { parse_scan("n=1..1001"); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("more than 1000 values")));
}

TEST(parse_list, splits_at_commas_that_are_not_escaped) {
    EXPECT_THAT(parse_list("tool=gzip,zstd").values, ElementsAre("gzip", "zstd"));
    EXPECT_THAT(parse_list(R"(o=-j 1\,2,\\,\n,)").values, ElementsAre("-j 1,2", "\\", "\\n", ""));
    EXPECT_THAT(parse_list("o=").values, ElementsAre(""));
    EXPECT_THAT([] { parse_list("gzip,zstd"); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("of the form")));
}

TEST(combinations_of, goes_through_all_the_last_quickest) {
    EXPECT_THAT(combinations_of({}, 10), ElementsAre(line_values{}));
    EXPECT_THAT(combinations_of({{"a", {"1", "2"}}, {"b", {"x", "y"}}}, 4),
                ElementsAre(line_values{{"a", "1"}, {"b", "x"}}, line_values{{"a", "1"}, {"b", "y"}},
                            line_values{{"a", "2"}, {"b", "x"}}, line_values{{"a", "2"}, {"b", "y"}}));
}

TEST(combinations_of, refuses_too_many_and_a_name_twice) {
    EXPECT_THAT(
        [] {
            combinations_of({{"a", {"1", "2"}}, {"b", {"x", "y"}}}, 3);
        },
        ThrowsMessage<std::invalid_argument>(HasSubstr("more than 3 combinations")));
    EXPECT_THAT(
        [] {
            combinations_of({{"a", {"1"}}, {"a", {"x"}}}, 3);
        },
        ThrowsMessage<std::invalid_argument>(HasSubstr("two parameters 'a'")));
}

TEST(filled_in, replaces_what_is_a_parameter_and_leaves_other_braces) {
    line_values const values{{"level", "9"}, {"tool", "gzip -v"}};
    EXPECT_EQ(filled_in("{tool} -{level} {} {other} {level", values), "gzip -v -9 {} {other} {level");
    EXPECT_EQ(filled_in("awk '{print $1}' {{level}}", values), "awk '{print $1}' {9}");
    EXPECT_EQ(filled_in("{a}", {{"a", "{b}"}, {"b", "1"}}), "{b}") << "values are not filled in themselves";
    EXPECT_TRUE(mentions("gzip -{level}", "level"));
    EXPECT_FALSE(mentions("gzip -{levels} level", "level"));
}

}  // namespace
}  // namespace quartet::measure::parameters_test
