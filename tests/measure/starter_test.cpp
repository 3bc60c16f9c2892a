// Starting and timing commands.

#include "measure/commands/starter.hpp"

#include "measure/trial/trial_process.hpp"
#include "tests/io/processes.hpp"
#include "tests/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace quartet::measure::starter_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

word_list line(std::string text) {
    return {"/bin/sh", "-c", std::move(text)};
}

std::string content(std::string const& file) {
    std::ifstream from(file);
    return {std::istreambuf_iterator<char>(from), {}};
}

class stop_pipe {
public:
    stop_pipe() {
        if (pipe(ends_) != 0) ends_[0] = ends_[1] = -1;
    }
    ~stop_pipe() {
        close(ends_[0]);
        close(ends_[1]);
    }
    int descriptor() const { return ends_[0]; }
    void stop() const { [[maybe_unused]] auto const written = write(ends_[1], "x", 1); }

private:
    int ends_[2];
};

command_end run(word_list const& words, start_options const& how = {}, start_purpose const& what_for = {}) {
    command_starter starter({words}, how, -1);
    return starter.run(0, what_for);
}

TEST(starter, tells_how_a_command_ended) {
    command_starter starter({{"true"}, line("exit 3"), line("kill -SEGV $$")}, {}, -1);
    EXPECT_TRUE(starter.run(0, {}).ok());
    auto const failed = starter.run(1, {});
    EXPECT_FALSE(failed.ok());
    EXPECT_EQ(failed.describe(), "exited with code 3");
    EXPECT_EQ(failed.figures.exit_code, 3u);
    auto const killed = starter.run(2, {});
    EXPECT_THAT(killed.describe(), HasSubstr("killed by SIGSEGV"));
    EXPECT_EQ(killed.figures.exit_code, std::nullopt);
}

TEST(starter, looks_programs_up_and_says_why_one_cannot_be_started) {
    test::temporary_folder const folder;
    std::ofstream(folder / "text") << "no program";
    command_starter starter(
        {{"no-such-program-here"}, {(folder / "text").native()}, {(folder / "none").native()}, {"/"}}, {},
        -1);
    EXPECT_EQ(starter.run(0, {}).start_error, ENOENT);
    EXPECT_EQ(starter.run(1, {}).start_error, EACCES);
    EXPECT_EQ(starter.run(2, {}).describe(), "can't be started: No such file or directory");
    EXPECT_EQ(starter.run(3, {}).start_error, EACCES);
}

TEST(starter, takes_the_time_on_the_clock_and_of_processors) {
    auto const slept = run({"sleep", "0.1"});
    EXPECT_GE(slept.figures.wall_seconds, 0.1);
    EXPECT_LT(slept.figures.cpu_user_seconds + slept.figures.cpu_system_seconds, 0.1);
    auto const busy = run(line("i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done"));
    EXPECT_GT(busy.cpu_seconds, 0.01);
    EXPECT_LE(busy.cpu_seconds, busy.figures.wall_seconds + 0.02);
}

TEST(starter, counts_the_time_of_descendants) {
    auto const busy = run(line("sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done'; :"));
    EXPECT_GT(busy.cpu_seconds, 0.01);
}

TEST(starter, knows_the_memory_of_a_large_process_and_of_a_tree) {
    auto const large = run(line("x=$(head -c 30000000 /dev/zero | tr '\\0' x); echo ${#x}"));
    EXPECT_GT(large.figures.tree_peak_bytes, 30'000'000u);
    EXPECT_FALSE(large.peak_method.empty());
}

TEST(starter, sends_output_where_it_is_wanted) {
    test::temporary_folder const folder;
    auto const file = (folder / "out").native();
    std::ofstream(folder / "in") << "hello\n";
    command_starter starter(
        {{"cat"}, line("head -c 10000000 /dev/zero; echo end")},
        {.output = output_to::file, .output_file = file, .input_file = (folder / "in").native()}, -1);
    EXPECT_TRUE(starter.run(0, {}).ok());
    EXPECT_TRUE(starter.run(0, {}).ok());
    EXPECT_EQ(content(file), "hello\n") << "each run writes it anew, and reads the input anew";
    auto const piped =
        run(line("head -c 10000000 /dev/zero; test -p /dev/stdout"), {.output = output_to::pipe});
    EXPECT_TRUE(piped.ok()) << piped.describe();
    EXPECT_TRUE(run(line("test -c /dev/stdout && ! read line")).ok());
}

TEST(starter, keeps_the_end_of_standard_error_if_it_is_wanted) {
    command_starter starter({line("echo one >&2; echo two >&2"), {"true"}}, {}, -1);
    EXPECT_EQ(starter.run(0, {.keeps_errors = true}).errors, "one\ntwo\n");
    EXPECT_EQ(starter.run(0, {}).errors, "");
    EXPECT_EQ(starter.run(1, {.keeps_errors = true}).errors, "") << "not what an earlier one said";
}

TEST(starter, ends_a_command_at_its_limit) {
    auto const ended = run(line("trap '' TERM INT; sleep 100; sleep 100"), {}, {.limit = 100ms});
    EXPECT_TRUE(ended.timed_out);
    EXPECT_FALSE(ended.ok());
    EXPECT_LT(ended.figures.wall_seconds, 50);
}

TEST(starter, ends_all_when_it_is_told_to_stop) {
    stop_pipe const stop;
    test::temporary_folder const folder;
    auto const mark = (folder / "begun").native();
    command_starter starter({line("trap '' INT TERM; setsid sh -c \"trap '' INT TERM; echo \\$\\$ > " + mark +
                                  "; sleep 100; sleep 100\" & sleep 100; sleep 100"),
                             {"true"}},
                            {}, stop.descriptor());
    std::jthread const stopper([&] {
        test::comes_true([&] { return !content(mark).empty(); });
        stop.stop();
    });
    EXPECT_THROW(starter.run(0, {}), interrupted);
    pid_t const other = std::stoi(content(mark));
    EXPECT_TRUE(test::comes_true([&] { return kill(other, 0) != 0; }));
}

TEST(starter, tells_of_processes_that_are_left_behind_and_lets_them_be) {
    command_starter starter({line("sleep 1000 & echo $! >&2"), {"true"}}, {}, -1);
    auto const first = starter.run(0, {.keeps_errors = true});
    EXPECT_EQ(first.figures.left_processes, 1u);
    EXPECT_EQ(first.left_name, "sleep");
    EXPECT_EQ(starter.run(1, {}).figures.left_processes, 0u) << "that of another command is not told again";
    pid_t const left = std::stoi(first.errors);
    EXPECT_EQ(kill(left, 0), 0);
    kill(left, SIGKILL);
}

TEST(starter, gives_its_commands_the_round_and_an_environment_of_changing_length) {
    command_starter starter({line("echo $QUARTET_ROUND ${#QUARTET_PADDING} >&2")}, {}, -1);
    auto const first = starter.run(0, {.round = 7, .keeps_errors = true}).errors;
    auto const second = starter.run(0, {.round = 8, .keeps_errors = true}).errors;
    EXPECT_TRUE(first.starts_with("7 ")) << first;
    EXPECT_TRUE(second.starts_with("8 ")) << second;
    EXPECT_NE(first.substr(2), second.substr(2));
}

TEST(starter, its_commands_have_the_usual_signals) {
    // As the tool has it.
    auto const before = signal(SIGPIPE, SIG_IGN);
    auto const end = run(line("grep -E '^Sig(Blk|Ign)' /proc/self/status >&2"), {}, {.keeps_errors = true});
    signal(SIGPIPE, before);
    EXPECT_THAT(end.errors, HasSubstr("SigBlk:\t0000000000000000"));
    EXPECT_THAT(end.errors, HasSubstr("SigIgn:\t0000000000000000"));
}

}  // namespace
}  // namespace quartet::measure::starter_test
