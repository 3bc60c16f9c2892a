// The workload `command` under every model: what became of each command, what is kept, and what it refuses.

#include "tests/io/processes.hpp"
#include "tests/waiting.hpp"

#include <quartet/workload/workload.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace quartet {
namespace {

using namespace std::chrono_literals;
using test::comes_true;
using test::is_alive;
using test::process_from;
using test::read_text;
using test::temporary_folder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

workload const& command_workload() {
    auto const& all = registered_workloads();
    return *std::ranges::find(all, "command", &workload::name);
}

/// One trial of the workload, in a folder of its own.
class command_trial {
public:
    explicit command_trial(std::string spec) : spec_(std::move(spec)) {}

    void set(std::string name, parameter_value value) {
        values_.insert_or_assign(std::move(name), std::move(value));
    }
    void set_inputs(std::vector<std::string> const& inputs) {
        std::ofstream file(folder_ / "inputs.txt");
        for (auto const& each : inputs)
            file << each << '\n';
        set("inputs", (folder_ / "inputs.txt").native());
    }

    workload_run::report run(std::stop_token stop = {}) {
        workload_run run({.parameters = values_, .model = parse_spec(spec_), .stop = std::move(stop)});
        command_workload().check(values_);
        command_workload().prepare(run);
        command_workload().run(run);
        run.end_executor();
        if (before_verify) before_verify();
        command_workload().verify(run);
        return run.take_report();
    }
    workload_run::report run(std::string line, std::vector<std::string> const& inputs) {
        set("line", std::move(line));
        set_inputs(inputs);
        return run();
    }

    std::filesystem::path keep_outputs() {
        set("output", (folder_ / "kept/here").native());
        return folder_ / "kept/here";
    }
    temporary_folder const& folder() const { return folder_; }

    std::function<void()> before_verify;

private:
    std::string spec_;
    temporary_folder folder_;
    parameter_values values_ = default_values(command_workload().parameters, preset::quick);
};

std::string test_name(testing::TestParamInfo<char const*> const& spec) {
    std::string name = spec.param;
    std::ranges::replace(name, ':', '_');
    return name;
}

class command_workload_under : public testing::TestWithParam<char const*> {
protected:
    command_trial trial_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(, command_workload_under,
                         testing::Values("single", "threads:3", "processes:2", "async:3"), test_name);

TEST_P(command_workload_under, runs_the_line_for_each_input) {
    auto const kept = trial_.keep_outputs();
    auto const report = trial_.run("echo {} and {}", {"one", "two", "three"});
    EXPECT_EQ(report.tasks, 3u);
    EXPECT_THAT(report.failures, IsEmpty());
    EXPECT_EQ(report.verification, "");
    EXPECT_EQ(read_text(kept / "000000.out"), "one and one\n");
    EXPECT_EQ(read_text(kept / "000001.out"), "two and two\n");
    EXPECT_EQ(read_text(kept / "000002.out"), "three and three\n");
}

TEST_P(command_workload_under, puts_the_input_last_if_the_line_has_no_place_for_it) {
    auto const kept = trial_.keep_outputs();
    trial_.run("echo", {"one"});
    EXPECT_EQ(read_text(kept / "000000.out"), "one\n");
}

TEST_P(command_workload_under, has_braces_of_its_own_where_they_are_doubled) {
    auto const kept = trial_.keep_outputs();
    trial_.run("echo {} '{{}}' '{' ${HOME:+x} {{}}", {"one"});
    EXPECT_EQ(read_text(kept / "000000.out"), "one {} { x {}\n");
    trial_.run("echo '{{}}'", {"one"});
    EXPECT_EQ(read_text(kept / "000000.out"), "{} one\n") << "there is no place for the input but the last";
}

TEST_P(command_workload_under, reads_a_list_as_it_was_meant) {
    auto const kept = trial_.keep_outputs();
    auto const file = trial_.folder() / "list.txt";
    std::ofstream(file, std::ios::binary) << "\xef\xbb\xbfone\r\n\r\ntwo\r\n\n\n three\n\r\nfour";
    trial_.set("line", "printf '%s|' {}");
    trial_.set("inputs", file.native());
    EXPECT_EQ(trial_.run().tasks, 4u);
    std::vector<std::string> read;
    for (int i = 0; i < 4; ++i)
        read.push_back(read_text(kept / fmt::format("{:06}.out", i)));
    EXPECT_THAT(read, ElementsAre("one|", "two|", " three|", "four|"));
}

TEST(command_inputs, of_utf_16_are_refused) {
    command_trial trial("single");
    auto const file = trial.folder() / "list.txt";
    std::ofstream(file, std::ios::binary) << std::string_view("\xff\xfeo\0n\0e\0\r\0\n\0", 12);
    trial.set("line", std::string("echo"));
    trial.set("inputs", file.native());
    EXPECT_THAT([&] { trial.run(); },
                testing::ThrowsMessage<std::invalid_argument>(HasSubstr("has a null byte in line 1")));
}

TEST_P(command_workload_under, gives_the_input_as_one_word_whatever_is_in_it) {
    std::vector<std::string> const inputs{"a b",     "it's",  "\"", "$HOME `id` \\ *", "-n",
                                          "grün 緑", " lead", "{}", "a\tb;#"};
    auto const kept = trial_.keep_outputs();
    auto const report = trial_.run("printf '%s|' {}", inputs);
    EXPECT_THAT(report.failures, IsEmpty());
    for (std::size_t i = 0; i < inputs.size(); ++i)
        EXPECT_EQ(read_text(kept / fmt::format("{:06}.out", i)), inputs[i] + "|");
}

TEST_P(command_workload_under, says_why_a_command_failed) {
    auto const report = trial_.run("sh -c {}", {"true", "echo first >&2; echo second >&2; exit 3",
                                                "kill -KILL $$", "no-such-program", "exit 4"});
    EXPECT_EQ(report.tasks, 5u);
    EXPECT_EQ(report.failed, 4u);
    auto failures = report.failures;
    std::ranges::sort(failures);
    ASSERT_EQ(failures.size(), 4u);
    EXPECT_EQ(failures[0], "task 1: 'echo first >&2; echo second >&2; exit 3': exited with code 3: first");
    EXPECT_THAT(failures[1], HasSubstr("task 2: "));
    EXPECT_THAT(
        failures[2],
        HasSubstr("task 3: 'no-such-program': exited with code 127: sh: 1: no-such-program: not found"));
    EXPECT_EQ(failures[3], "task 4: 'exit 4': exited with code 4");
}

TEST_P(command_workload_under, names_the_input_of_a_failure_and_of_a_long_one_the_beginning) {
    EXPECT_THAT(trial_.run("false", {std::string(1000, 'x')}).failures,
                ElementsAre("task 0: '" + std::string(200, 'x') + "...': exited with code 1"));
    trial_.keep_outputs();
    trial_.set("line", "rm -r " + (trial_.folder() / "kept").native() + "; true");
    trial_.set_inputs({"one"});
    EXPECT_THAT(trial_.run().failures, ElementsAre(HasSubstr("task 0: 'one': ")));
}

TEST_P(command_workload_under, says_which_signal_killed_a_command) {
    // exec, so that it is the command itself and not a child of the shell.
    auto const report = trial_.run("exec sh -c {}", {"kill -SEGV $$"});
    EXPECT_THAT(report.failures,
                ElementsAre("task 0: 'kill -SEGV $$': was killed by SIGSEGV (Segmentation fault)"));
}

TEST_P(command_workload_under, keeps_output_and_errors_and_exit_codes_of_all) {
    auto const kept = trial_.keep_outputs();
    auto const report =
        trial_.run("exec sh -c {}", {"echo out; echo err >&2", "sleep 0.2; exit 3", "kill -KILL $$"});
    EXPECT_EQ(report.verification, "");
    EXPECT_EQ(read_text(kept / "000000.out"), "out\n");
    EXPECT_EQ(read_text(kept / "000000.err"), "err\n");
    EXPECT_TRUE(std::filesystem::exists(kept / "000002.err"));
    EXPECT_EQ(read_text(kept / "exit_codes.tsv"),
              "number\texit_code\tsignal\tinput\n"
              "000000\t0\t0\techo out; echo err >&2\n"
              "000001\t3\t0\tsleep 0.2; exit 3\n"
              "000002\t0\t9\tkill -KILL $$\n");
}

TEST_P(command_workload_under, forgets_the_exit_codes_of_the_run_before) {
    auto const kept = trial_.keep_outputs();
    trial_.run("true", {"one", "two"});
    trial_.run("true", {"one"});
    EXPECT_EQ(read_text(kept / "exit_codes.tsv"), "number\texit_code\tsignal\tinput\n000000\t0\t0\tone\n");
}

TEST_P(command_workload_under, ends_a_command_that_takes_too_long) {
    trial_.set("timeout", 0.2);
    auto const report = trial_.run("sleep", {"20"});
    EXPECT_THAT(report.failures, ElementsAre("task 0: '20': took too long and was ended"));
}

TEST_P(command_workload_under, ends_a_command_that_writes_too_much) {
    trial_.set("most_bytes", std::int64_t{1'000'000});
    auto const failure = "task 1: 'yes': wrote more than 1000000 bytes and was ended";
    EXPECT_THAT(trial_.run("sh -c", {"head -c 1000000 /dev/zero", "yes", "exec yes >&2"}).failures,
                testing::IsSupersetOf(
                    {failure, "task 2: 'exec yes >&2': wrote more than 1000000 bytes and was ended: y"}));
    trial_.keep_outputs();
    EXPECT_THAT(trial_.run("sh -c", {"true", "yes"}).failures, ElementsAre(failure));
}

TEST_P(command_workload_under, has_the_same_answer_however_output_comes) {
    auto const checksum_of = [&](std::string const& line) {
        return trial_.run(line, {"5000", "3"}).checksum;
    };
    auto const at_once = checksum_of("seq 1");
    EXPECT_EQ(checksum_of("seq 1 {} | dd bs=13 status=none"), at_once);
    EXPECT_EQ(checksum_of("seq 1 {} | sed -u s/x/x/"), at_once);
    EXPECT_EQ(checksum_of("printf 1; sleep 0.01; seq 1 {} | tail -c +2"), at_once);
    trial_.keep_outputs();
    EXPECT_EQ(checksum_of("seq 1"), at_once);
}

TEST_P(command_workload_under, runs_200_inputs_to_the_same_checksum_as_single) {
    std::vector<std::string> inputs;
    for (int i = 0; i < 200; ++i)
        inputs.push_back(std::to_string(i));
    auto const report = trial_.run("echo", inputs);
    EXPECT_EQ(report.tasks, 200u);
    EXPECT_EQ(report.failed, 0u);
    EXPECT_EQ(report.verification, "");
    static std::uint64_t const expected = command_trial("single").run("echo", inputs).checksum;
    EXPECT_EQ(report.checksum, expected);
    std::ranges::reverse(inputs);
    EXPECT_NE(command_trial("single").run("echo", inputs).checksum, expected) << "the order does not count";
}

TEST_P(command_workload_under, stops_long_before_its_end_and_leaves_no_process) {
    auto const begun = trial_.folder() / "begun";
    trial_.set("line", fmt::format("echo $$ > {0}.$$; mv {0}.$$ {0}; sleep 100; true", begun.native()));
    trial_.set_inputs(std::vector<std::string>(20, "x"));
    std::stop_source source;
    std::chrono::steady_clock::time_point asked;
    std::jthread const stopper([&] {
        comes_true([&] { return read_text(begun).ends_with('\n'); });
        asked = std::chrono::steady_clock::now();
        source.request_stop();
    });
    auto const report = trial_.run(source.get_token());
    EXPECT_LT(std::chrono::steady_clock::now() - asked, 90s) << "a line takes a hundred";
    EXPECT_EQ(report.failed, 20u);
    EXPECT_TRUE(comes_true([&] { return !is_alive(process_from(begun)); }));
}

TEST(command_workload, notices_that_a_kept_output_is_gone) {
    command_trial trial("single");
    auto const kept = trial.keep_outputs();
    trial.before_verify = [&] { std::filesystem::remove(kept / "000001.out"); };
    EXPECT_THAT(trial.run("echo", {"one", "two"}).verification,
                HasSubstr("000001.out' does not hold the 4 bytes"));
}

TEST(command_workload, skips_empty_lines_and_takes_a_last_line_without_an_end) {
    command_trial trial("single");
    std::ofstream(trial.folder() / "inputs.txt") << "\none\n\n\ntwo";
    trial.set("line", "true");
    trial.set("inputs", (trial.folder() / "inputs.txt").native());
    EXPECT_EQ(trial.run().tasks, 2u);
}

template <class Exception>
std::string refusal(command_trial& trial) {
    try {
        trial.run();
    } catch (Exception const& error) {
        return error.what();
    }
    return "no refusal";
}

TEST(command_workload, says_what_it_was_not_told) {
    command_trial trial("single");
    EXPECT_EQ(refusal<std::invalid_argument>(trial),
              "command.line is empty; say what to run on each input: --set command.line='gzip -kc {}'");
    trial.set("line", "true");
    EXPECT_EQ(refusal<std::invalid_argument>(trial),
              "command.inputs is empty; name a file with one input a line: --inputs FILE");
    trial.set_inputs({"", ""});
    EXPECT_THAT(refusal<std::invalid_argument>(trial), HasSubstr("inputs.txt' holds no input"));
    trial.set("inputs", "/no/such/file");
    EXPECT_EQ(refusal<std::system_error>(trial), "cannot open '/no/such/file': No such file or directory");
    trial.set_inputs({"one"});
    trial.set("output", "/proc/kept");
    EXPECT_THAT(refusal<std::system_error>(trial), HasSubstr("cannot make the folder '/proc/kept'"));
}

}  // namespace
}  // namespace quartet
