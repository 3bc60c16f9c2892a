// The table and the sentences of fixed results, character by character, and what each must say.
//
// QUARTET_ACCEPT=1 makes what is printed now the expected text.

#include "cli/table.hpp"

#include "cli/findings.hpp"
#include "measure/results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace quartet::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

measure::measurement timed(std::string workload, std::string spec, std::vector<double> samples) {
    double sum = 0;
    for (double each : samples)
        sum += each;
    auto const model = spec.substr(0, spec.find(':'));
    measure::measurement made{
        .workload = std::move(workload), .model = model, .spec = std::move(spec), .tasks = 26};
    made.wall_seconds = {sum / static_cast<double>(samples.size()), samples};
    made.heap_peak_bytes = 1500;
    made.tree_peak_bytes = 12 << 20;
    made.tree_peak_method = "pss";
    return made;
}

measure::measurement failed(measure::measurement of, std::vector<std::string> failures, std::size_t count) {
    of.failures = std::move(failures);
    of.failed = count;
    return of;
}

measure::measurement wrong(measure::measurement of, std::string verification) {
    of.verification = std::move(verification);
    return of;
}

/// It never ran.
measure::measurement refused(std::string workload, std::string spec, std::string why) {
    auto made = wrong(timed(std::move(workload), std::move(spec), {1}), std::move(why));
    made.wall_seconds = {};
    made.tasks = 0;
    made.heap_peak_bytes = made.tree_peak_bytes = {};
    return made;
}

measure::results results_of(std::vector<measure::measurement> measurements) {
    measure::results made;
    made.settings.rounds = 2;
    made.measurements = std::move(measurements);
    return made;
}

/// A clear winner, a tie, failures, a wrong end state, and a model that never ran.
measure::results everything() {
    return results_of({
        timed("waiting", "single", {178, 178.2}),
        timed("waiting", "processes:2", {97.1, 97.3}),
        timed("waiting", "threads:26", {10.01, 10.02}),
        timed("waiting", "async:26", {10.0, 10.01}),
        timed("counting", "single", {0.9, 0.91}),
        timed("counting", "processes:2", {0.45, 0.46}),
        timed("counting", "threads:2", {0.00041, 0.00042}),
        timed("counting", "async:16", {0.00046, 0.00045}),
        failed(timed("asking", "single", {0.001, 0.001}),
               {"task 0: no answer", "task 1: no answer", "task 2: no answer", "task 7: status 500"}, 6),
        failed(timed("asking", "processes:2", {0.001, 0.001}),
               {"task 0: no answer", "task 1: no answer", "task 2: no answer", "task 7: status 500"}, 6),
        wrong(timed("asking", "threads:32", {0.002, 0.002}), "its answer differs from that of single"),
        refused("asking", "async:100", "cannot make an event loop: Too many open files"),
    });
}

terminal plain(std::size_t width) {
    return {.is_terminal = false, .colour = false, .utf8 = true, .width = width};
}

std::string printed(measure::results const& results, terminal const& where) {
    return format_table(results, where) + "\n" + format_findings(results, where);
}

void expect_golden(std::string const& name, std::string const& text) {
    auto const path = std::string(QUARTET_GOLDEN) + "/" + name;
    if (std::getenv("QUARTET_ACCEPT")) std::ofstream(path) << text;
    std::ifstream file(path);
    std::string const expected{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(expected, text) << path << " (QUARTET_ACCEPT=1 accepts the change)";
}

TEST(Table, LooksLikeThisAtEachWidth) {
    for (std::size_t width : {60, 80, 120, 200})
        expect_golden("table-" + std::to_string(width) + ".txt", printed(everything(), plain(width)));
}

TEST(Table, LooksLikeThisInColour) {
    terminal const coloured{.is_terminal = true, .colour = true, .utf8 = true, .width = 100};
    expect_golden("table-colour.txt", printed(everything(), coloured));
}

TEST(Table, IsAsciiWhereTheLocaleIs) {
    terminal const ascii{.is_terminal = false, .colour = false, .utf8 = false, .width = 100};
    auto const text = printed(everything(), ascii);
    EXPECT_TRUE(std::ranges::all_of(text, [](char each) { return static_cast<unsigned char>(each) < 128; }));
    expect_golden("table-ascii.txt", text);
}

TEST(Table, StaysWithinTheWidth) {
    for (std::size_t width = 45; width <= 200; width += 7) {
        std::istringstream lines(format_table(everything(), plain(width)));
        for (std::string line; std::getline(lines, line);)
            EXPECT_LE(display_width(line), width) << line;
    }
}

TEST(Table, NamesSpecsWhereOneModelHasSeveralColumns) {
    auto const text =
        format_table(results_of({timed("a", "threads:2", {1, 1}), timed("a", "threads:4", {2, 2}),
                                 timed("a", "async:5", {3, 3})}),
                     plain(80));
    EXPECT_THAT(text, HasSubstr("threads:2"));
    EXPECT_THAT(text, HasSubstr("threads:4"));
    EXPECT_THAT(text, Not(HasSubstr("×2")));
    EXPECT_THAT(text, HasSubstr("  async\n"));
    EXPECT_THAT(text, HasSubstr("×5"));
}

TEST(Table, NamesCompositionsWhole) {
    auto const text = format_table(
        results_of({timed("a", "threads:2+async:50", {1, 1}), timed("a", "single", {3, 3})}), plain(80));
    EXPECT_THAT(text, HasSubstr("threads:2+async:50"));
    EXPECT_THAT(text, Not(HasSubstr("×2")));
}

/// The same in each of so many rounds.
std::vector<double> rounds(std::size_t count, double seconds) {
    return std::vector<double>(count, seconds);
}

TEST(Findings, NameAWinnerAfterRoundsEnough) {
    auto const clear =
        results_of({timed("a", "single", rounds(7, 18)), timed("a", "threads:2", rounds(7, 2.5)),
                    timed("a", "async:5", rounds(7, 1)), timed("a", "processes:2", rounds(7, 1.08))});
    EXPECT_EQ(
        format_findings(clear, plain(200)),
        "a: async:5 won, 1.08 times as fast as processes:2, 2.5 times as fast as threads:2 and 18 times as\n"
        "  fast as single.\n");
}

TEST(Findings, SayHowManyRoundsItTakes) {
    auto const few = results_of({timed("a", "single", {18, 18}), timed("a", "async:5", {1, 1})});
    EXPECT_EQ(format_findings(few, plain(200)),
              "a: async:5 leads, 18 times as fast as single, after 2 rounds; it takes 6 to be sure.\n");
    auto const four = results_of({timed("a", "single", {18, 18}), timed("a", "async:5", {1, 1}),
                                  timed("a", "threads:2", {1.01, 1.01}), timed("a", "processes:2", {2, 2})});
    EXPECT_EQ(
        format_findings(four, plain(200)),
        "a: async:5 and threads:2 lead, 2.0 times as fast as processes:2 and 18 times as fast as single,\n"
        "  after 2 rounds; it takes 7 to be sure.\n");
}

TEST(Findings, CallADifferenceBelowTheMarginEqual) {
    auto const close =
        results_of({timed("a", "threads:2", rounds(6, 1.000)), timed("a", "single", rounds(6, 1.010))});
    EXPECT_EQ(format_findings(close, plain(80)),
              "a: threads:2 and single are equal; single is the simplest of them.\n");
}

TEST(Findings, SayWhatIsNotResolvedAndWhatToTake) {
    auto slim = timed("a", "async:5", {2, 4, 2, 4, 2, 4});
    slim.tree_peak_bytes = 1000;
    auto const mixed = results_of({timed("a", "threads:5", {1, 9, 1, 9, 1, 9}), slim});
    EXPECT_EQ(format_findings(mixed, plain(80)),
              "a: async:5 and threads:5 are not resolved; async:5 takes the least memory of\n"
              "  them.\n");
}

TEST(Findings, WhatFailedDoesNotCompete) {
    auto const results = results_of(
        {failed(timed("a", "single", {0.001, 0.001}), {"task 0: no"}, 1), timed("a", "async:5", {1, 1})});
    auto const text = format_findings(results, plain(80));
    EXPECT_THAT(text, Not(HasSubstr("won")));
    EXPECT_EQ(text, "a single: 1 of 26 tasks failed\n  task 0: no\n");
}

TEST(Findings, NothingToCompareIsNoVictory) {
    EXPECT_EQ(format_findings(results_of({timed("a", "single", {1, 1})}), plain(80)), "");
}

}  // namespace
}  // namespace quartet::cli
