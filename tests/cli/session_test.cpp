// Sessions of real trials of this same program, with workloads that misbehave in each way.

#include "measure/trial/session.hpp"

#include "measure/heap/heap_trace.hpp"

#include <quartet/cpus.hpp>
#include <quartet/workload/main.hpp>

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
#include <sys/prctl.h>
#include <sys/wait.h>
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
            std::vector(100, 'x').swap(*std::make_unique<std::vector<char>>(50, 'y'));
        run.checksum(1);
    });
    add("waiting", [](workload_run& run) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        run.checksum(1);
    });
    add("endless", [](workload_run&) { std::this_thread::sleep_for(std::chrono::minutes(10)); });
}

workload const& named(std::string const& name) {
    return *std::ranges::find(registered_workloads(), name, &workload::name);
}

class recorder final : public session_observer {
public:
    void trial_begins(trial_announcement const& trial) override {
        trials.push_back(fmt::format("{}/{} {}", trial.round, trial.rounds, to_string(trial.which.model)));
        knew_the_time.push_back(trial.left.has_value());
        if (trial.left) time_left.push_back(trial.left->count());
    }
    void progressed(session_results const& so_far) override { reports.push_back(so_far); }

    std::vector<std::string> trials;
    std::vector<session_results> reports;
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

    session_results run(std::string const& name, std::vector<std::string> const& specs,
                        session_options options) {
        std::vector<configuration> configurations;
        for (auto const& spec : specs)
            configurations.push_back({&named(name), {}, parse_spec(spec)});
        options.scratch = scratch_;
        auto found = run_session(configurations, options, seen_);
        for (auto const& folder : std::filesystem::directory_iterator(scratch_))
            EXPECT_TRUE(std::filesystem::is_empty(folder)) << "a trial's files are left in " << folder;
        return found;
    }

    std::vector<measurement> run(std::string const& name, std::vector<std::string> const& specs,
                                 std::size_t rounds = 2, std::size_t warmup = 0) {
        return run(name, specs, session_options{.stopping = {.rounds = rounds}, .warmup = warmup})
            .measurements;
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
        EXPECT_EQ(counted(each, &trial_figures::wall_seconds).size(), 3u);
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
        EXPECT_EQ(shown.substr(0, space), fmt::format("{}/6", trial / 3 + 1));
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
    EXPECT_TRUE(killed.trials.empty());
    EXPECT_EQ(killed.wall_seconds.median, 0);
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

TEST_F(Session, MeasuresTimesAnewWhereTracingBiasedThem) {
    auto const measured = run("busy", {"single"});
    EXPECT_EQ(measured[0].trials.size(), 2u) << "the biased trial is not among them";
    EXPECT_TRUE(is_good(measured[0]));
}

TEST_F(Session, KeepsAWarmUpApart) {
    auto const measured = run("good", {"single", "threads:2"}, 2, 1);
    for (auto const& each : measured) {
        ASSERT_EQ(each.trials.size(), 3u);
        EXPECT_EQ(each.trials[0].round, 0u);
        EXPECT_FALSE(each.trials[0].counts());
        EXPECT_EQ(each.trials[2].round, 2u);
        EXPECT_EQ(counted(each, &trial_figures::wall_seconds).size(), 2u);
        EXPECT_EQ(each.heap_peak_bytes.has_value(), heap_trace::available()) << "the warm-up is traced";
    }
    EXPECT_THAT(seen_.trials, testing::Contains(testing::StartsWith("0/2 ")).Times(2));
}

TEST_F(Session, TellsOfTasksAndWorkers) {
    for (auto const& each : run("good", {"single", "processes:2", "threads:each"})) {
        EXPECT_EQ(each.records.tasks_seen, 3u) << each.spec;
        EXPECT_THAT(each.records.index, ElementsAre(0, 1, 2)) << each.spec;
        for (std::size_t i = 0; i < 3; ++i) {
            EXPECT_LE(0, each.records.queued[i]);
            EXPECT_LE(each.records.queued[i], each.records.started[i]);
            EXPECT_LE(each.records.started[i], each.records.finished[i]);
            EXPECT_LE(static_cast<double>(each.records.finished[i]) * 1e-9, each.wall_seconds.high);
        }
        EXPECT_TRUE(each.service_seconds.p50) << "six tasks are enough for a median";
        EXPECT_FALSE(each.service_seconds.p90) << "but not for more";
        EXPECT_TRUE(each.service_seconds.max);
        EXPECT_GT(each.tasks_per_second.value_or(0), 0);
    }
    auto const workers = run("good", {"threads:2"})[0].workers;
    ASSERT_GE(workers.size(), 1u);
    std::uint64_t tasks = 0;
    for (auto const& each : workers) {
        tasks += each.tasks;
        EXPECT_LE(each.occupied_share.value_or(2), 1);
        EXPECT_GT(each.cpu_share.value_or(0), 0);
    }
    EXPECT_EQ(tasks, 3u);
}

TEST_F(Session, ReportsAfterEachRoundWhatThereIs) {
    run("good", {"single", "threads:2"}, 3, 1);
    ASSERT_EQ(seen_.reports.size(), 4u);
    for (std::size_t round = 0; round < 4; ++round) {
        for (auto const& each : seen_.reports[round].measurements)
            EXPECT_EQ(each.trials.size(), round + 1);
        EXPECT_EQ(seen_.reports[round].conditions.stopped_by, "");
    }
}

TEST_F(Session, StopsWhenItIsPreciseEnough) {
    session_options const options{.stopping = {.rounds = 30, .precision = 0.9}};
    auto const found = run("waiting", {"single", "threads:2"}, options);
    EXPECT_EQ(found.conditions.stopped_by, "precision");
    // At the first interim analysis, unless a busy machine made the times differ too much.
    EXPECT_THAT(interim_analyses(2, 30),
                testing::Contains(found.measurements[0].trials.size() - options.warmup));
}

TEST_F(Session, StopsWhenTheBudgetIsUsedUp) {
    session_options const options{.stopping = {.rounds = 1000, .budget = std::chrono::milliseconds(300)}};
    auto const found = run("waiting", {"single"}, options);
    EXPECT_EQ(found.conditions.stopped_by, "budget");
    auto const trials = found.measurements[0].trials.size();
    EXPECT_GE(trials, 2u) << "the warm-up, and one that counts";
    EXPECT_LT(trials, 100u);

    session_options const none{.stopping = {.rounds = 1000, .budget = std::chrono::nanoseconds(1)}};
    EXPECT_EQ(run("waiting", {"single"}, none).measurements[0].trials.size(), 2u);
}

TEST_F(Session, DescribesTheConditions) {
    auto const met = run("good", {"single"}, session_options{}).conditions;
    EXPECT_EQ(met.stopped_by, "rounds");
    EXPECT_THAT(met.started, testing::MatchesRegex("20[0-9-]+T[0-9:]+Z"));
    EXPECT_GE(met.finished, met.started);
    EXPECT_GE(met.other_cpu_share, 0);
    EXPECT_LT(met.recording_share, 0.01);
}

// A program outside of the session takes a processor: the session says so.
TEST_F(Session, SaysWhatDisturbedIt) {
    pid_t const other = fork();
    if (other == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
        }
    }
    auto const found = run("waiting", {"single"}, session_options{.stopping = {.rounds = 3}});
    kill(other, SIGKILL);
    waitpid(other, nullptr, 0);
    EXPECT_GT(found.conditions.other_cpu_share, 0.5 / static_cast<double>(usable_cpus()));
    EXPECT_THAT(found.conditions.warnings, testing::Contains(HasSubstr("other programs used")));
    EXPECT_TRUE(std::ranges::any_of(found.measurements[0].trials, &trial_figures::disturbed));
    EXPECT_THAT(found.measurements[0].warnings,
                testing::Contains(HasSubstr("took more than 5 % of the processors")));
}

TEST_F(Session, StopsAtOnce) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    std::thread stopper([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        EXPECT_EQ(write(ends[1], "x", 1), 1);
    });
    auto const began = std::chrono::steady_clock::now();
    auto const found = run("endless", {"threads:2"}, session_options{.stop_descriptor = ends[0]});
    EXPECT_EQ(found.conditions.stopped_by, "interrupt");
    EXPECT_TRUE(found.measurements[0].trials.empty());
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::minutes(5));
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
    EXPECT_EQ(resolved("threads", preset::study), "threads:each");
    EXPECT_EQ(resolved("async", preset::study), "async:each");
    EXPECT_EQ(resolved("processes", preset::study), fmt::format("processes:{}", usable_cpus()));
    EXPECT_EQ(resolved("threads:3", preset::study), "threads:3");
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
