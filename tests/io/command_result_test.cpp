// The parts of running programs that need no program: how a shell line is made and quoted, how a
// command_result is judged and put into words, and how the fake answers a command.

#include <quartet/command.hpp>
#include <quartet/fake.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

namespace quartet::command_result_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(command, a_shell_line_is_one_argument_of_the_shell) {
    EXPECT_THAT(command::shell("a | b").arguments, ElementsAre("/bin/sh", "-c", "a | b"));
}

TEST(command, quotes_what_the_shell_would_take_apart) {
    EXPECT_EQ(shell_quote(""), "''");
    EXPECT_EQ(shell_quote("a b"), "'a b'");
    EXPECT_EQ(shell_quote("it's $HOME"), R"('it'\''s $HOME')");
}

TEST(command_result, is_ok_only_if_it_ended_by_itself_in_time_with_0) {
    EXPECT_TRUE(command_result{}.ok());
    EXPECT_FALSE(command_result{.exit_code = 1}.ok());
    EXPECT_FALSE(command_result{.signal = SIGKILL}.ok());
    EXPECT_FALSE(command_result{.timed_out = true}.ok());
    EXPECT_FALSE(command_result{.too_long = true}.ok());
    EXPECT_FALSE(command_result{.end_known = false}.ok());
}

TEST(command_result, says_how_it_ended) {
    EXPECT_EQ(command_result{.exit_code = 3}.describe(), "exited with code 3");
    EXPECT_EQ(command_result{.signal = SIGSEGV}.describe(), "was killed by SIGSEGV (Segmentation fault)");
    EXPECT_EQ((command_result{.signal = SIGTERM, .timed_out = true}.describe()),
              "took too long and was ended");
    EXPECT_EQ((command_result{.signal = SIGTERM, .too_long = true, .written = 10}.describe()),
              "wrote more than 10 bytes and was ended");
    EXPECT_THAT(command_result{.end_known = false}.describe(), HasSubstr("not known"));
}

TEST(command_result, check_throws_what_happened_and_the_first_line_of_its_errors) {
    EXPECT_NO_THROW(command_result{}.check());
    try {
        command_result{.exit_code = 3, .errors = "gzip: a: No such file\nmore\n"}.check();
        FAIL() << "no throw";
    } catch (command_error const& error) {
        EXPECT_STREQ(error.what(), "exited with code 3: gzip: a: No such file");
        EXPECT_EQ(error.result().exit_code, 3);
    }
    EXPECT_THROW(command_result{.signal = SIGKILL}.check(), command_error);
    EXPECT_STREQ(command_error({.exit_code = 3, .errors = std::string(10'000'000, 'x')}).what(),
                 ("exited with code 3: " + std::string(1000, 'x') + "...").c_str());
}

task<command_result> run_line(context& ctx, std::string line) {
    auto what = command::shell(line);
    what.timeout = 10s;
    co_return co_await ctx.run(std::move(what));
}

TEST(command_in_a_fake_world, is_answered_by_a_function_in_virtual_time) {
    fake_world world;
    world.on_run = [](command const& what) { return fake_end{{.output = what.arguments.back() + "!"}, 2s}; };
    executor executor(std::make_unique<fake>(world));
    auto const results = executor.map(run_line, std::vector<std::string>{"a", "b"});
    EXPECT_EQ(results[0].output, "a!");
    EXPECT_EQ(results[1].output, "b!");
    EXPECT_EQ(world.now(), 2s);
    EXPECT_EQ(world.commands.size(), 2u);
}

TEST(command_in_a_fake_world, ends_at_its_time_out) {
    fake_world world;
    world.on_run = [](command const&) { return fake_end{{}, 1h}; };
    executor executor(std::make_unique<fake>(world));
    EXPECT_TRUE(executor.map(run_line, std::vector<std::string>{"a"})[0].timed_out);
    EXPECT_EQ(world.now(), 10s);
}

TEST(command_in_a_fake_world, writes_no_more_than_it_may_and_to_whoever_takes_it) {
    auto const run = [](context& ctx, std::size_t most) -> task<std::string> {
        std::string taken;
        auto what = command::program("a");
        what.most_bytes = most;
        what.on_output = [&](std::string_view piece) { taken += piece; };
        auto const result = co_await ctx.run(std::move(what));
        co_return taken + "|" + result.output + "|" + result.errors + "|" +
            (result.ok() ? "" : result.describe());
    };
    fake_world world;
    world.on_run = [](command const&) { return fake_end{{.output = "out", .errors = "err"}, 1s}; };
    executor executor(std::make_unique<fake>(world));
    auto const results = executor.map(run, std::vector<std::size_t>{6, 5, 2});
    EXPECT_EQ(results[0], "out||err|");
    EXPECT_EQ(results[1], "out||er|wrote more than 5 bytes and was ended");
    EXPECT_EQ(results[2], "ou|||wrote more than 2 bytes and was ended");
}

TEST(command_in_a_fake_world, is_not_found_if_nobody_answers) {
    fake_world world;
    executor executor(std::make_unique<fake>(world));
    auto const outcomes = executor.try_map(run_line, std::vector<std::string>{"a"});
    ASSERT_FALSE(outcomes[0]);
    EXPECT_THAT(outcomes[0].error().message, HasSubstr("cannot start '/bin/sh': No such file"));
}

}  // namespace
}  // namespace quartet::command_result_test
