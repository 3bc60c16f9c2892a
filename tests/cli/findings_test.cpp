// The sentences about fixed results: who won, what is level, and what it takes to tell.

#include "cli/views/findings.hpp"

#include "tests/cli/shown_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace quartet::cli::findings_test {
namespace {

using testing::HasSubstr;
using testing::Not;

/// The same in each of so many rounds.
std::vector<double> rounds(std::size_t count, double seconds) {
    return std::vector<double>(count, seconds);
}

TEST(Findings, NameAWinnerAfterRoundsEnough) {
    auto const clear =
        results_of({timed("a", "single", rounds(8, 18)), timed("a", "threads:2", rounds(8, 2.5)),
                    timed("a", "async:5", rounds(8, 1)), timed("a", "processes:2", rounds(8, 1.08))});
    EXPECT_EQ(
        format_findings(clear, "a", plain(200)),
        "a: async:5 won, 1.08 times as fast as processes:2, 2.5 times as fast as threads:2 and 18 times as\n"
        "  fast as single.\n");
}

TEST(Findings, SayHowManyRoundsItTakes) {
    auto const few = results_of({timed("a", "single", {18, 18}), timed("a", "async:5", {1, 1})});
    EXPECT_EQ(format_findings(few, "a", plain(200)),
              "a: async:5 leads, 18 times as fast as single, after 2 rounds; it takes 6 to be sure.\n");
    auto const four = results_of({timed("a", "single", {18, 18}), timed("a", "async:5", {1, 1}),
                                  timed("a", "threads:2", {1.01, 1.01}), timed("a", "processes:2", {2, 2})});
    EXPECT_EQ(
        format_findings(four, "a", plain(200)),
        "a: async:5 and threads:2 lead, 2.0 times as fast as processes:2 and 18 times as fast as single,\n"
        "  after 2 rounds; it takes 8 to be sure.\n");
}

TEST(Findings, CallADifferenceBelowTheMarginEqual) {
    auto const close =
        results_of({timed("a", "threads:2", rounds(6, 1.000)), timed("a", "single", rounds(6, 1.010))});
    EXPECT_EQ(format_findings(close, "a", plain(80)),
              "a: threads:2 and single are equal; single is the simplest of them.\n");
}

TEST(Findings, SayWhatIsNotResolvedAndWhatToTake) {
    auto slim = timed("a", "async:5", {2, 4, 2, 4, 2, 4});
    slim.tree_peak_bytes = 1000;
    auto const mixed = results_of({timed("a", "threads:5", {1, 9, 1, 9, 1, 9}), slim});
    EXPECT_EQ(format_findings(mixed, "a", plain(80)),
              "a: async:5 and threads:5 are not resolved; async:5 takes the least memory of\n"
              "  them. Some 4800 rounds would tell.\n");
}

TEST(Findings, WhatFailedDoesNotCompete) {
    auto const results = results_of(
        {failed(timed("a", "single", {0.001, 0.001}), {"task 0: no"}, 1), timed("a", "async:5", {1, 1})});
    auto const text = format_findings(results, "a", plain(80));
    EXPECT_THAT(text, Not(HasSubstr("won")));
    EXPECT_EQ(text, "a single: 1 of 26 tasks failed\n  task 0: no\n");
}

TEST(Findings, NothingToCompareIsNoVictory) {
    EXPECT_EQ(format_findings(results_of({timed("a", "single", {1, 1})}), "a", plain(80)), "");
}

}  // namespace
}  // namespace quartet::cli::findings_test
