// Results as bars, character by character, and what each part must say.

#include "cli/views/results_view.hpp"

#include "cli/terminal/text.hpp"
#include "cli/views/bars.hpp"
#include "tests/cli/shown_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

namespace quartet::cli::results_view_test {
namespace {

using testing::HasSubstr;
using testing::Not;

measure::results with_intervals() {
    return results_of({
        timed("waiting", "single", {178, 178.2, 177.9, 178.1, 178, 178, 178.3, 178}),
        timed("waiting", "processes:2", {97, 120, 99, 80, 97.5, 101, 98, 98}),
        timed("waiting", "threads:26", {12, 10, 19, 11, 10, 12, 13, 12}),
        timed("waiting", "async:26", {10, 10.01, 10.02, 10, 10, 10.01, 10, 10}),
        failed(timed("asking", "single", {0.001, 0.002}), {"task 0: no answer"}, 1),
        refused("asking", "async:100", "cannot make an event loop: Too many open files"),
    });
}

TEST(results_view, looks_like_this_at_each_width) {
    for (std::size_t width : {40, 60, 80, 120})
        expect_golden("bars-" + std::to_string(width) + ".txt",
                      format_results(with_intervals(), plain(width), results_style::with_bars));
}

TEST(results_view, looks_like_this_in_colour) {
    terminal const coloured{.is_terminal = true, .colour = true, .utf8 = true, .width = 80};
    expect_golden("bars-colour.txt", format_results(with_intervals(), coloured, results_style::with_bars));
}

TEST(results_view, is_ascii_where_the_locale_is) {
    terminal const ascii{.is_terminal = false, .colour = false, .utf8 = false, .width = 80};
    auto const text = format_results(with_intervals(), ascii, results_style::with_bars);
    EXPECT_TRUE(std::ranges::all_of(text, [](char each) { return static_cast<unsigned char>(each) < 128; }));
    expect_golden("bars-ascii.txt", text);
}

TEST(results_view, looks_like_this_without_bars) {
    for (std::size_t width : {40, 60, 80})
        expect_golden("plain-" + std::to_string(width) + ".txt",
                      format_results(everything(), plain(width), results_style::plain));
    terminal const ascii{.is_terminal = false, .colour = false, .utf8 = false, .width = 100};
    expect_golden("plain-ascii.txt", format_results(everything(), ascii, results_style::plain));
}

TEST(results_view, stays_within_the_width) {
    for (auto const style : {results_style::with_bars, results_style::plain}) {
        for (std::size_t width = 45; width <= 200; width += 5) {
            auto results = with_intervals();
            results.measurements[5].verification = "refused";  // a sentence from elsewhere may be longer
            std::istringstream lines(format_results(results, plain(width), style));
            for (std::string line; std::getline(lines, line);)
                EXPECT_LE(display_width(line), width) << line;
        }
    }
}

TEST(results_view, says_what_disturbed_the_run_and_that_it_was_cut_short) {
    auto results = with_intervals();
    results.settings.rounds = 9;
    results.conditions.stopped_by = "interrupt";
    results.conditions.warnings = {"other programs used 12 % of the processors",
                                   "a quota kept the run from running for 2 s"};
    auto const text = format_results(results, plain(200), results_style::with_bars);
    EXPECT_THAT(text, HasSubstr("cut short in round 8 of 9\n"));
    EXPECT_THAT(text,
                HasSubstr("disturbed: other programs used 12 % of the processors; a quota kept the run from "
                          "running for 2 s\n"));
}

TEST(results_view, says_once_what_makes_several_models_doubtful) {
    auto results = with_intervals();
    results.measurements[0].warnings = results.measurements[2].warnings = {"times rise from round to round"};
    EXPECT_THAT(format_results(results, plain(80), results_style::with_bars),
                HasSubstr("  ! single, threads:26: times rise from round to round\n"));
}

// A file of results may come from anywhere.
TEST(results_view, shows_no_character_that_steers_a_terminal) {
    auto results =
        results_of({failed(timed("a\033[2Jb", "sin\rgle", {1, 1}), {"task 0: \033]0;title\a\u202e"}, 1),
                    wrong(timed("a\033[2Jb", "\xff\xfe", {1, 1}), "line\nline\x9b")});
    results.measurements[0].warnings = {"\033[31m"};
    results.conditions.warnings = {"\033[31m"};
    for (auto const style : {results_style::with_bars, results_style::plain}) {
        auto const text = format_results(results, plain(80), style);
        EXPECT_TRUE(std::ranges::all_of(text, [](char each) {
            auto const byte = static_cast<unsigned char>(each);
            return byte == '\n' || (byte >= 32 && byte != 127);
        })) << text;
        EXPECT_THAT(text, Not(HasSubstr("\u202e")));
        EXPECT_THAT(text, HasSubstr("a?[2Jb"));
    }
}

TEST(printable, keeps_text_and_replaces_what_is_none) {
    EXPECT_EQ(printable("größer, 大, é"), "größer, 大, é");
    EXPECT_EQ(printable("a\tb\nc"), "a b c");
    EXPECT_EQ(printable(std::string_view("\0\x01\x7f", 3)), "???");
    EXPECT_EQ(printable("\xc2\x9b\xe2\x80\xae"), "??") << "CSI as a C1 character, and right-to-left";
    EXPECT_EQ(printable("\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82"), "???????????") << "no UTF-8";
}

TEST(bar, has_whiskers_where_the_interval_can_be_seen) {
    EXPECT_EQ(bar({8, 6, 10}, 10, 10, true), "██████├─┼┤");
    EXPECT_EQ(bar({8, 6, 10}, 10, 10, false), "======|-+|");
    EXPECT_EQ(bar({8, 7.99, 8.01}, 10, 10, true), "████████");
    EXPECT_EQ(bar({8, 7.99, 8.01}, 10, 10, false), "========");
    EXPECT_EQ(bar({5.5, 5.5, 5.5}, 10, 10, true), "█████▌");
    EXPECT_EQ(bar({2, 0.1, 10}, 10, 10, true), "├─┼──────┤");
}

TEST(bar, of_anything_above_zero_is_to_be_seen) {
    EXPECT_EQ(bar({0.001, 0.001, 0.001}, 10, 10, true), "▏");
    EXPECT_EQ(bar({0.001, 0.001, 0.001}, 10, 10, false), "=");
    EXPECT_EQ(bar({0, 0, 0}, 10, 10, true), "");
    EXPECT_EQ(bar({1, 1, 1}, 10, 0, true), "");
    EXPECT_EQ(bar({20, 20, 20}, 10, 5, true), "█████") << "never wider than there is room for";
}

}  // namespace
}  // namespace quartet::cli::results_view_test
