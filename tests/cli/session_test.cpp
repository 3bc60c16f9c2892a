// Sessions of real trials of this same program, with workloads that misbehave in each way.

#include "measure/session.hpp"

#include "measure/heap_trace.hpp"

#include <quartet/cpus.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace quartet::measure {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

int identity(int x) {
    return x;
}

int fail_on_two(int x) {
    if (x == 2) throw std::runtime_error("two is too much");
    return x;
}

void add(std::string name, std::function<void(workload_run&)> run, worker_defaults workers = {}) {
    register_workload({.name = std::move(name), .help = "", .workers = workers, .run = std::move(run)});
}

void add_workloads() {
    std::vector const inputs{1, 2, 3};
    add("good", [=](workload_run& run) { run.checksum(run.map(identity, inputs)); },
        {.threads = 7, .async = 9});
    add("failing", [=](workload_run& run) { run.checksum(run.map(fail_on_two, inputs)); });
    add("wrong", [](workload_run& run) { run.expect(false, "the end state is wrong"); });
    add("throwing", [](workload_run&) { throw std::runtime_error("no space"); });
    add("dying", [](workload_run&) { raise(SIGKILL); });
    add("leaving", [](workload_run&) { _exit(7); });
    add("by_model", [](workload_run& run) { run.checksum(static_cast<int>(run.model().kind)); });
    add("by_round", [](workload_run& run) { run.checksum(getpid()); });
    add("busy", [](workload_run& run) {  // so many allocations that tracing them costs more than 1 %
        for (int i = 0; i < 300'000; ++i)
            std::string(100, 'x').swap(*std::make_unique<std::string>(50, 'y'));
        run.checksum(1);
    });
    add("endless", [](workload_run&) { std::this_thread::sleep_for(std::chrono::minutes(10)); });
}

workload const& named(std::string const& name) {
    return *std::ranges::find(registered_workloads(), name, &workload::name);
}

class recorder final : public session_observer {
public:
    void trial_begins(configuration const& which, std::size_t number, std::size_t of,
                      std::optional<std::chrono::duration<double>> left) override {
        trials.push_back(fmt::format("{}/{} {}", number, of, to_string(which.model)));
        knew_the_time.push_back(left.has_value());
        if (left) time_left.push_back(left->count());
    }

    std::vector<std::string> trials;
    std::vector<bool> knew_the_time;
    std::vector<double> time_left;
};

class Session : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "quartet-session-XXXXXX";
        ASSERT_TRUE(mkdtemp(pattern.data()));
        scratch_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(scratch_); }

    std::vector<measurement> run(std::string const& name, std::vector<std::string> const& specs,
                                 std::size_t rounds = 2, int stop = -1) {
        std::vector<configuration> configurations;
        for (auto const& spec : specs)
            configurations.push_back({&named(name), {}, parse_spec(spec)});
        auto measured = run_session(configurations, "",
                                    {.rounds = rounds, .scratch = scratch_, .stop_descriptor = stop}, seen_);
        for (auto const& folder : std::filesystem::directory_iterator(scratch_))
            EXPECT_TRUE(std::filesystem::is_empty(folder)) << "a trial's files are left in " << folder;
        return measured;
    }

    std::filesystem::path scratch_;
    recorder seen_;
};

TEST_F(Session, GivesAMeasurementForEachConfigurationInOrder) {
    auto const measured = run("good", {"single", "processes:2", "async:3"}, 3);
    ASSERT_EQ(measured.size(), 3u);
    EXPECT_EQ(measured[1].spec, "processes:2");
    EXPECT_EQ(measured[1].model, "processes");
    for (auto const& each : measured) {
        EXPECT_TRUE(is_good(each)) << each.verification;
        EXPECT_EQ(each.tasks, 3u);
        EXPECT_EQ(each.wall_seconds.samples.size(), 3u);
        EXPECT_EQ(each.checksum, measured[0].checksum);
        EXPECT_EQ(each.heap_peak_bytes.has_value(), heap_trace::available());
        EXPECT_GT(each.tree_peak_bytes.value_or(0), 1u << 20);
    }
}

// Over six rounds of three, each has each place twice (round_order_test has the rest).
TEST_F(Session, RunsEveryConfigurationOnceARoundInBalancedOrders) {
    run("good", {"single", "threads:2", "async:3"}, 6);
    ASSERT_EQ(seen_.trials.size(), 18u);
    std::map<std::string, int> places;
    for (std::size_t trial = 0; trial < 18; ++trial) {
        auto const& shown = seen_.trials[trial];
        auto const space = shown.find(' ');
        EXPECT_EQ(shown.substr(0, space), std::to_string(trial + 1) + "/18");
        ++places[shown.substr(space) + " at " + std::to_string(trial % 3)];
    }
    EXPECT_EQ(places.size(), 9u);
    for (auto const& [place, times] : places)
        EXPECT_EQ(times, 2) << place;
}

TEST_F(Session, KnowsTheTimeLeftFromTheSecondTrialOn) {
    run("good", {"single", "threads:2"});
    EXPECT_THAT(seen_.knew_the_time, ElementsAre(false, true, true, true));
    for (double left : seen_.time_left)
        EXPECT_GT(left, 0);
}

TEST_F(Session, CountsAndNamesFailedTasks) {
    auto const measured = run("failing", {"single", "processes:2"});
    for (auto const& each : measured) {
        EXPECT_EQ(each.failed, 1u);
        EXPECT_THAT(each.failures, ElementsAre(HasSubstr("two is too much")));
        EXPECT_FALSE(is_good(each));
    }
}

TEST_F(Session, SaysWhatWasWrong) {
    EXPECT_EQ(run("wrong", {"single"})[0].verification, "the end state is wrong");
    EXPECT_EQ(run("throwing", {"single"})[0].verification, "no space");
}

TEST_F(Session, SurvivesATrialThatDies) {
    auto const killed = run("dying", {"single"})[0];
    EXPECT_EQ(killed.verification, "the trial was killed by SIGKILL");
    EXPECT_TRUE(killed.wall_seconds.samples.empty());
    EXPECT_FALSE(killed.tree_peak_bytes);
    EXPECT_EQ(run("leaving", {"single"})[0].verification, "the trial ended with exit code 7 and no result");
}

TEST_F(Session, NoticesAnswersThatDifferBetweenModels) {
    auto const measured = run("by_model", {"single", "threads:2", "async:2"});
    EXPECT_EQ(measured[0].verification, "");
    EXPECT_EQ(measured[1].verification, "its answer differs from that of single");
    EXPECT_EQ(measured[2].verification, "its answer differs from that of single");
}

TEST_F(Session, NoticesAnswersThatDifferBetweenRounds) {
    EXPECT_EQ(run("by_round", {"single"})[0].verification, "its answer differs from round to round");
}

TEST_F(Session, MeasuresTimesAnewWhereTracingBentThem) {
    auto const measured = run("busy", {"single"});
    EXPECT_EQ(measured[0].wall_seconds.samples.size(), 2u) << "the bent trial is not among the samples";
    EXPECT_TRUE(is_good(measured[0]));
}

TEST_F(Session, StopsAtOnce) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    std::thread stopper([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        EXPECT_EQ(write(ends[1], "x", 1), 1);
    });
    auto const began = std::chrono::steady_clock::now();
    EXPECT_THROW(run("endless", {"threads:2"}, 2, ends[0]), interrupted);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
    stopper.join();
    close(ends[0]);
    close(ends[1]);
}

TEST(Resolve, GivesEachSpecItsNumber) {
    auto const resolved = [](char const* spec, preset which) {
        return to_string(resolve(parse_spec(spec), named("good"), which));
    };
    EXPECT_EQ(resolved("threads", preset::quick), "threads:7");
    EXPECT_EQ(resolved("async", preset::quick), "async:9");
    EXPECT_EQ(resolved("single", preset::quick), "single");
    EXPECT_EQ(resolved("processes", preset::quick), fmt::format("processes:{}", usable_cpus()));
    EXPECT_EQ(resolved("threads:3", preset::quick), "threads:3");
    EXPECT_EQ(resolved("threads", preset::seed), "threads:each");
    EXPECT_EQ(resolved("async", preset::seed), "async:each");
    EXPECT_EQ(resolved("processes", preset::seed), fmt::format("processes:{}", usable_cpus()));
    EXPECT_EQ(resolved("threads:3", preset::seed), "threads:3");
}

}  // namespace
}  // namespace quartet::measure

/// A trial is this program started anew.
int main(int argc, char** argv) {
    quartet::measure::add_workloads();
    if (argc == 2 && argv[1] == quartet::measure::trial_argument) return quartet::command_line(argc, argv);
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
