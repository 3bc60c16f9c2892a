// Rounds of command lines.

#include "measure/commands/command_session.hpp"

#include "measure/results/results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

namespace quartet::measure::command_session_test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;

/// Lines for /bin/sh that write what they do into a file.
class CommandSession : public testing::Test {
protected:
    CommandSession() { options_.starting.output = output_to::nowhere; }
    ~CommandSession() override { unlink(log_.c_str()); }

    std::size_t command(std::string const& line) {
        options_.commands.push_back({"/bin/sh", "-c", line});
        return options_.commands.size() - 1;
    }

    std::size_t logging(std::string const& word, std::string const& then = ":") {
        return command("echo " + word + " >> " + log_ + "; " + then);
    }

    timed_row& row(std::string const& name, std::string const& then = ":") {
        rows_.push_back({.name = name, .line = name, .command = logging(name, then)});
        return rows_.back();
    }

    command_session_results run() {
        command_observer nobody;
        return run_command_session(rows_, options_, nobody);
    }

    std::string log() const {
        std::ifstream file(log_);
        std::string text;
        for (std::string word; file >> word;)
            text += (text.empty() ? "" : " ") + word;
        return text;
    }

    std::vector<timed_row> rows_;
    command_session_options options_{.rounds = 4, .warmup = 0, .seed = 1};
    std::string log_ = testing::TempDir() + "command_session_" + std::to_string(getpid());
};

TEST_F(CommandSession, runs_each_row_once_a_round_in_balanced_order) {
    row("a");
    row("b");
    auto const found = run();
    EXPECT_EQ(found.failure, "");
    EXPECT_EQ(found.conditions.stopped_by, "rounds");
    ASSERT_THAT(found.measurements, SizeIs(2));
    for (auto const& each : found.measurements) {
        EXPECT_THAT(each.trials, SizeIs(4));
        EXPECT_TRUE(is_good(each));
        EXPECT_EQ(each.model, command_model);
        EXPECT_EQ(each.workload, timed_workload);
        std::map<std::uint64_t, int> places;
        for (auto const& trial : each.trials)
            ++places[trial.place];
        EXPECT_EQ(places[1], 2) << each.spec;
        EXPECT_EQ(places[2], 2) << each.spec;
    }
}

TEST_F(CommandSession, what_goes_before_and_after_is_run_in_its_order_and_not_timed) {
    auto& only = row("run");
    only.setup = logging("setup");
    only.prepare = logging("prepare", "sleep 1");
    only.conclude = logging("conclude");
    only.cleanup = logging("cleanup");
    options_.rounds = 2;
    options_.warmup = 1;
    auto const found = run();
    EXPECT_EQ(log(), "setup prepare run conclude prepare run conclude prepare run conclude cleanup");
    EXPECT_LT(found.measurements[0].wall_seconds.median, 1);
    EXPECT_THAT(found.measurements[0].trials, SizeIs(3)) << "the warm-up is among them";
    EXPECT_EQ(rounds_of(found.measurements[0]), 2u);
}

TEST_F(CommandSession, in_turn_each_row_has_its_setup_and_all_its_rounds) {
    for (auto const* name : {"a", "b"}) {
        row(name);
        rows_.back().setup = logging(std::string("setup-") + name);
    }
    options_.rounds = 2;
    options_.in_turn = true;
    EXPECT_EQ(run().failure, "");
    EXPECT_EQ(log(), "setup-a a a setup-b b b");
}

TEST_F(CommandSession, a_failure_ends_it_with_what_was_said_and_what_was_measured) {
    row("good").cleanup = logging("cleanup");
    row("bad", "echo why >&2; [ $QUARTET_ROUND -lt 3 ]");
    options_.rounds = 10;
    auto const found = run();
    EXPECT_THAT(found.failure, HasSubstr("'bad' exited with code 1"));
    EXPECT_EQ(found.conditions.stopped_by, "failure");
    EXPECT_FALSE(found.start_failed);
    EXPECT_EQ(rounds_of(found.measurements[1]), 2u);
    EXPECT_FALSE(is_good(found.measurements[1]));
    EXPECT_THAT(log(), testing::EndsWith("cleanup")) << "in any case";
}

TEST_F(CommandSession, of_a_failing_warm_up_the_last_line_of_standard_error_is_told) {
    row("bad", "echo one >&2; echo the reason >&2; exit 9");
    options_.warmup = 1;
    EXPECT_EQ(run().failure, "'bad' exited with code 9: the reason; --ignore-failure goes on all the same");
}

TEST_F(CommandSession, an_accepted_exit_code_is_only_remarked) {
    row("odd", "exit 2");
    options_.accepted = exit_code_set::parse("2");
    auto const found = run();
    EXPECT_EQ(found.failure, "");
    EXPECT_TRUE(is_good(found.measurements[0]));
    EXPECT_EQ(found.measurements[0].trials[0].exit_code, 2u);
    EXPECT_THAT(found.measurements[0].warnings, Contains("in every run it exited with code 2"));
}

TEST_F(CommandSession, a_failing_prepare_is_a_failure_whatever_is_ignored) {
    row("a").prepare = command("echo no room >&2; exit 1");
    options_.accepted = exit_code_set::parse("all");
    EXPECT_EQ(run().failure, "--prepare of 'a' exited with code 1: no room");
    EXPECT_EQ(log(), "") << "it was not run";
}

TEST_F(CommandSession, a_row_that_takes_too_long_is_given_up_and_others_go_on) {
    row("slow", "sleep 100");
    row("quick");
    // The other one meets short ones, too, on a busy machine.
    for (auto const limit : {0.3, 3.0, 30.0}) {
        options_.limit = std::chrono::duration<double>(limit);
        auto const found = run();
        EXPECT_EQ(found.failure, "");
        EXPECT_THAT(found.measurements[0].verification, HasSubstr("took longer than"));
        if (found.measurements[1].trials.size() == 4) return;
    }
    FAIL() << "the quick one was given up as well";
}

TEST_F(CommandSession, the_start_of_a_shell_is_taken_off) {
    row("a").through_shell = true;
    row("b");
    options_.empty_shell = command("sleep 0.02");
    rows_[0].command = command("sleep 0.06");
    // What is taken off is a median, and on a busy machine it may be anything now and then.
    for (int attempt = 0; attempt < 20; ++attempt) {
        auto const found = run();
        auto const& with = found.measurements[0];
        ASSERT_TRUE(with.shell_seconds);
        EXPECT_GE(*with.shell_seconds, 0.02);
        EXPECT_FALSE(found.measurements[1].shell_seconds) << "it has none";
        if (with.wall_seconds.median < 0.06) return;
    }
    FAIL() << "nothing is taken off";
}

TEST_F(CommandSession, stops_when_its_descriptor_is_readable_and_still_cleans_up) {
    row("a").cleanup = logging("cleanup");
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    ASSERT_EQ(write(ends[1], "x", 1), 1);
    options_.stop_descriptor = ends[0];
    options_.take_stop = [&] {
        char byte;
        [[maybe_unused]] auto const got = read(ends[0], &byte, 1);
    };
    auto const found = run();
    EXPECT_EQ(found.conditions.stopped_by, "interrupt");
    EXPECT_FALSE(has_counted_rounds(found.measurements));
    EXPECT_THAT(log(), testing::EndsWith("cleanup"));
    close(ends[0]);
    close(ends[1]);
}

TEST_F(CommandSession, a_program_that_is_missing_is_told) {
    options_.commands.push_back({"no-such-program-here"});
    rows_.push_back({.name = "x", .line = "x", .command = 0});
    auto const found = run();
    EXPECT_TRUE(found.start_failed);
    EXPECT_EQ(found.failure, "'x' can't be started: No such file or directory");
}

TEST_F(CommandSession, ends_when_it_is_precise_enough_or_the_budget_is_used) {
    row("a");
    row("b");
    options_.rounds = 1000;
    options_.precision = 0.99;
    EXPECT_EQ(run().conditions.stopped_by, "precision");
    options_.precision.reset();
    options_.budget = 50ms;
    auto const found = run();
    EXPECT_EQ(found.conditions.stopped_by, "budget");
    EXPECT_LT(rounds_of(found.measurements[0]), 1000u);
}

TEST(rounds_in, fit_into_the_time_within_bounds_and_are_balanced) {
    EXPECT_EQ(rounds_in(3, 0.1, 10, 1000, 1), 30u);
    EXPECT_EQ(rounds_in(3, 1, 10, 1000, 1), 10u);
    EXPECT_EQ(rounds_in(3, 1e-6, 10, 1000, 1), 1000u);
    EXPECT_EQ(rounds_in(3, 0, 10, 1000, 1), 1000u);
    EXPECT_EQ(rounds_in(6, 0.2, 10, 1000, 3), 30u);
    EXPECT_EQ(rounds_in(6, 0.2, 10, 1000, 4), 32u) << "a multiple of 4";
    EXPECT_EQ(rounds_in(3, 1, 10, 1000, 3), 12u) << "a multiple of 6";
    EXPECT_EQ(rounds_in(3, 1, 10, 11, 3), 10u) << "where the bounds let it";
    EXPECT_EQ(rounds_in(3, 1, 20, 5, 1), 5u);
}

}  // namespace
}  // namespace quartet::measure::command_session_test
