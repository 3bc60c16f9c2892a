// The table of `quartet time`.

#include "cli/views/time_view.hpp"

#include "tests/cli/shown_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace quartet::cli::time_view_test {
namespace {

using testing::HasSubstr;
using testing::Not;

measure::measurement line_of(std::string name, double middle) {
    std::vector<double> samples;
    for (int i = 0; i < 12; ++i)
        samples.push_back(middle * (1 + 0.001 * i));
    auto made = timed("time", std::move(name), samples);
    made.model = "command";
    made.tasks = 1;
    return made;
}

measure::results two_lines() {
    auto quick = line_of("gzip -1 -c f", 0.01);
    quick.counters = {.instructions = 12'345'678, .cycles = 6'172'839, .cache_misses = 999};
    return results_of({quick, line_of("xz -9 -c f", 0.1)});
}

terminal wide(std::size_t width, bool utf8 = true) {
    return {.utf8 = utf8, .width = width};
}

std::size_t widest_line(std::string const& text) {
    std::istringstream lines(text);
    std::size_t widest = 0;
    for (std::string line; std::getline(lines, line) && !line.starts_with("time:");)
        widest = std::max(widest, line.size());
    return widest;
}

TEST(time_view, shows_times_ratios_and_who_won) {
    auto const text = format_times(two_lines(), "", wide(100), results_style::with_bars);
    EXPECT_THAT(text, HasSubstr("* gzip -1 -c f  10.1 ms"));
    EXPECT_THAT(text, HasSubstr("1.00"));
    EXPECT_THAT(text, HasSubstr("10.0"));
    EXPECT_THAT(text, HasSubstr("time: 'gzip -1 -c f' won, 10 times as fast as 'xz -9 -c f'."));
    EXPECT_THAT(text, HasSubstr("ratio: to the time of the fastest"));
}

TEST(time_view, ratios_are_to_the_row_that_is_wanted) {
    auto const text = format_times(two_lines(), "xz -9 -c f", wide(100), results_style::plain);
    EXPECT_THAT(text, HasSubstr("0.10"));
    EXPECT_THAT(text, HasSubstr("'xz -9 -c f'"));
}

TEST(time_view, shows_counters_where_there_are_some) {
    auto const text = format_times(two_lines(), "", wide(120), results_style::plain);
    EXPECT_THAT(text, HasSubstr("instr"));
    EXPECT_THAT(text, HasSubstr("12.3M"));
    EXPECT_THAT(text, HasSubstr("2.00"));
    EXPECT_THAT(text, HasSubstr(" 999"));
    auto without = two_lines();
    without.measurements[0].counters = {};
    auto const nothing = format_times(without, "", wide(120), results_style::plain);
    EXPECT_THAT(nothing, Not(HasSubstr("instr ")));
    EXPECT_THAT(nothing, HasSubstr("instructions and cache misses: this machine"));
    EXPECT_THAT(text, Not(HasSubstr("this machine")));
}

TEST(time_view, fits_into_any_width_from_30_columns_on) {
    auto results = two_lines();
    results.measurements[1].spec = "xz -9 -c " + std::string(200, 'f');
    for (std::size_t width = 30; width < 260; ++width) {
        auto const text = format_times(results, "", wide(width, false), results_style::with_bars);
        EXPECT_LE(widest_line(text), width) << text;
    }
}

TEST(time_view, cuts_names_between_characters) {
    auto results = two_lines();
    results.measurements[1].spec.clear();
    for (int i = 0; i < 60; ++i)
        results.measurements[1].spec += "ä";
    auto const text = format_times(results, "", wide(60), results_style::plain);
    EXPECT_THAT(text, HasSubstr("ä…"));
    EXPECT_THAT(text, Not(HasSubstr("\xc3…")));
}

TEST(time_view, names_cannot_harm_the_terminal) {
    auto results = two_lines();
    results.measurements[0].spec = "a\033[2Jb\nc";
    EXPECT_THAT(format_times(results, "", wide(100), results_style::plain), Not(HasSubstr("\033")));
}

TEST(time_view, a_row_that_was_given_up_is_marked_and_explained) {
    auto results = two_lines();
    results.measurements[1] = wrong(results.measurements[1], "took longer than 2 s and was ended");
    results.measurements[1].wall_seconds = {};
    results.measurements[1].trials = {};
    auto const text = format_times(results, "", wide(80), results_style::plain);
    EXPECT_THAT(text, HasSubstr("! xz -9 -c f     failed"));
    EXPECT_THAT(text, HasSubstr("'xz -9 -c f': took longer than 2 s and was ended"));
}

TEST(time_view, one_row_is_compared_with_nothing) {
    auto const text =
        format_times(results_of({line_of("true", 0.001)}), "", wide(80), results_style::with_bars);
    EXPECT_THAT(text, Not(HasSubstr("ratio")));
    EXPECT_THAT(text, Not(HasSubstr("*")));
}

TEST(time_view, nothing_at_all_is_nothing) {
    EXPECT_EQ(format_times({}, "", wide(80), results_style::plain), "");
}

}  // namespace
}  // namespace quartet::cli::time_view_test
