// Command lines as they are typed become rows.

#include "cli/measuring/timed_lines.hpp"

#include "cli/parsing/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quartet::cli::timed_lines_test {
namespace {

using measure::word_list;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::vector<std::string> names_of(timed_plan const& plan) {
    std::vector<std::string> names;
    for (auto const& each : plan.rows)
        names.push_back(each.name);
    return names;
}

word_list words_of(std::string const& line, std::string const& shell = "auto") {
    auto const plan = plan_lines({.lines = {line}, .shell = shell});
    return plan.commands[plan.rows[0].command];
}

void expect_refused(line_options const& options, std::string const& says) {
    EXPECT_THAT([&] { plan_lines(options); }, ThrowsMessage<usage_error>(HasSubstr(says)));
}

TEST(plan_lines, goes_straight_to_exec_where_no_shell_is_needed) {
    EXPECT_THAT(words_of("gzip -k 'a b' \"c\" d\\ e"), ElementsAre("gzip", "-k", "a b", "c", "d e"));
    EXPECT_THAT(words_of("find . -name {} -exec echo '{}' ;"), ElementsAre("/bin/sh", "-c", testing::_));
    EXPECT_THAT(words_of("find . -exec echo {} + x{}y"),
                ElementsAre("find", ".", "-exec", "echo", "{}", "+", "x{}y"));
    EXPECT_THAT(words_of("awk '{print $1}' {{1}}"), ElementsAre("/bin/sh", "-c", "awk '{print $1}' {{1}}"));
    EXPECT_THAT(words_of("echo a{b,c}"), ElementsAre("/bin/sh", "-c", "echo a{b,c}"))
        << "some shells expand it";
    for (auto const* line : {"a | b", "a > b", "a; b", "$HOME/a", "a *", "a `b`", "A=1 b", "cd /", "if",
                             "a # b", "a &", "~/a", "! a"})
        EXPECT_THAT(words_of(line), ElementsAre("/bin/sh", "-c", line));
}

TEST(plan_lines, takes_the_shell_that_is_wanted) {
    EXPECT_THAT(words_of("true", "bash --norc"), ElementsAre("bash", "--norc", "-c", "true"));
    EXPECT_THAT(words_of("true", "none"), ElementsAre("true"));
    EXPECT_THAT(words_of("-x", "/bin/sh"), ElementsAre("/bin/sh", "-c", " -x")) << "no option of the shell's";
    expect_refused({.lines = {"a | b"}, .shell = "none"}, "--shell none: 'a | b' needs one");
    expect_refused({.lines = {"a"}, .shell = "a | b"}, "--shell: 'a | b' is no program");
    auto const plan = plan_lines({.lines = {"true"}, .prepare = {"a | b"}, .shell = "none"});
    EXPECT_THAT(plan.commands[*plan.rows[0].prepare], ElementsAre("/bin/sh", "-c", "a | b"))
        << "what is not measured may have one";
}

TEST(plan_lines, measures_the_shell_if_a_row_has_one) {
    EXPECT_FALSE(plan_lines({.lines = {"true"}, .prepare = {"a | b"}}).empty_shell);
    auto const plan = plan_lines({.lines = {"true", "true;"}});
    ASSERT_TRUE(plan.empty_shell);
    EXPECT_THAT(plan.commands[*plan.empty_shell], ElementsAre("/bin/sh", "-c", ""));
    EXPECT_FALSE(plan.rows[0].through_shell);
    EXPECT_TRUE(plan.rows[1].through_shell);
}

TEST(plan_lines, makes_a_row_for_each_value_of_the_parameters_that_a_line_has) {
    auto const plan =
        plan_lines({.lines = {"a {n} {w}", "b {w}", "c"}, .scans = {"n=1..2"}, .lists = {"w=x,y z"}});
    EXPECT_THAT(names_of(plan), ElementsAre("a 1 x", "a 1 y z", "a 2 x", "a 2 y z", "b x", "b y z", "c"));
    EXPECT_THAT(plan.commands[plan.rows[1].command], ElementsAre("a", "1", "y", "z"))
        << "a value is filled in as it is";
    EXPECT_EQ(plan.rows[3].parameters, (measure::line_values{{"n", "2"}, {"w", "y z"}}));
}

TEST(plan_lines, fills_in_what_goes_before_and_after_and_names) {
    auto const plan = plan_lines({.lines = {"a"}, .scans = {"n=1..2"}, .setup = {"make {n}"}});
    EXPECT_THAT(names_of(plan), ElementsAre("a (n=1)", "a (n=2)"));
    EXPECT_THAT(plan.commands[*plan.rows[1].setup], ElementsAre("make", "2"));
    EXPECT_THAT(names_of(plan_lines({.lines = {"a {n}"}, .names = {"n is {n}"}, .scans = {"n=1..2"}})),
                ElementsAre("n is 1", "n is 2"));
    EXPECT_THAT(names_of(plan_lines({.lines = {"a {n}"}, .names = {"it"}, .scans = {"n=1..2"}})),
                ElementsAre("it (n=1)", "it (n=2)"));
}

TEST(plan_lines, gives_each_line_its_own_where_there_is_one_for_each) {
    auto const plan = plan_lines({.lines = {"a", "b"}, .conclude = {"x", "y"}, .cleanup = {"z"}});
    EXPECT_THAT(plan.commands[*plan.rows[0].conclude], ElementsAre("x"));
    EXPECT_THAT(plan.commands[*plan.rows[1].conclude], ElementsAre("y"));
    EXPECT_EQ(plan.rows[0].cleanup, plan.rows[1].cleanup);
}

TEST(plan_lines, refuses_what_makes_no_sense) {
    expect_refused({}, "nothing to measure");
    expect_refused({.lines = {" "}}, "it is empty");
    expect_refused({.lines = {"a 'b"}}, "'a 'b': the line can't be run: a single quote");
    expect_refused({.lines = {"a"}, .scans = {"n=1..2"}}, "no line has {n}");
    expect_refused({.lines = {"a {n}"}, .scans = {"n=1..2"}, .lists = {"n=a"}}, "'n' is there twice");
    expect_refused({.lines = {"a", "b", "c"}, .setup = {"x", "y"}}, "--setup: there are 2 for 3 lines");
    expect_refused({.lines = {"a {n}"}, .names = {"a", "b"}, .scans = {"n=1..2"}}, "--name: there are 2");
    expect_refused({.lines = {"a {n}", "b {n}"}, .scans = {"n=1..600"}}, "more than 1000 rows");
}

}  // namespace
}  // namespace quartet::cli::timed_lines_test
