// tests/measure/noise_test.cpp

#include "measure/probes/noise.hpp"

#include "tests/waiting.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <time.h>
#include <unistd.h>

namespace quartet::measure::noise_test {

using namespace std::chrono_literals;

double seconds_of_this_thread() {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

/// Uses so much processor time, however long that takes on the clock.
void compute(double seconds) {
    for (double const end = seconds_of_this_thread() + seconds; seconds_of_this_thread() < end;) {
    }
}

constexpr char proc_stat[] =
    "cpu  400 4 40 4000 40 4 4 8 0 0\n"
    "cpu0 100 1 10 1000 10 1 1 2 50 0\n"
    "cpu1 300 3 30 3000 30 3 3 6 0 0\n"
    "intr 1234 0 9\n"
    "ctxt 99\n";

TEST(ticks, are_those_of_the_processors_asked_for) {
    auto const first = ticks_in(proc_stat, {true, false});
    EXPECT_EQ(first.busy, 100 + 1 + 10 + 1 + 1) << "neither idle nor waiting for a disk; guests are in user";
    EXPECT_EQ(first.steal, 2);
    auto const both = ticks_in(proc_stat, {true, true});
    EXPECT_EQ(both.busy, 4 * first.busy);
    EXPECT_EQ(both.steal, 8);
    EXPECT_EQ(ticks_in(proc_stat, {}).busy, 0);
    EXPECT_EQ(ticks_in("rubbish\ncpu\ncpux 1 2\n", {true}).busy, 0);
}

TEST(pressure, is_the_total_of_some) {
    EXPECT_DOUBLE_EQ(
        pressure_in("some avg10=0.00 avg60=0.10 avg300=0.00 total=2500000\nfull avg10=0 total=1\n").value(),
        2.5);
    for (auto const* text : {"", "full avg10=0.00 total=9\n", "some avg10=0.00\n", "some total=x\n"})
        EXPECT_FALSE(pressure_in(text)) << text;
}

TEST(noise_between, takes_off_what_is_ours) {
    noise_reading before{
        .when = {}, .busy_seconds = 10, .steal_seconds = 1, .own_seconds = 2, .throttled_seconds = 5};
    noise_reading after{.when = before.when + 10s,
                        .busy_seconds = 20,
                        .steal_seconds = 3,
                        .own_seconds = 3,
                        .throttled_seconds = 7,
                        .io_pressure_seconds = 4};
    auto const met = noise_between(before, after, 5);
    EXPECT_EQ(met.seconds, 10);
    EXPECT_EQ(met.other_cpu_seconds, 10 - 1 - 5);
    EXPECT_EQ(met.steal_seconds, 2);
    EXPECT_EQ(met.throttled_seconds, 2);
    EXPECT_FALSE(met.io_pressure_seconds) << "it was not known before";
    EXPECT_EQ(noise_between(before, after, 50).other_cpu_seconds, 0) << "ticks are not exact";
}

TEST(noise, disturbs_when_others_take_much_and_more_than_ticks_are_wrong_by) {
    auto const met = [](double seconds, double other, double steal) {
        return noise{.seconds = seconds, .cpus = 2, .other_cpu_seconds = other, .steal_seconds = steal};
    };
    EXPECT_FALSE(met(10, 0.9, 0).disturbs());
    EXPECT_TRUE(met(10, 1.1, 0).disturbs());
    EXPECT_TRUE(met(10, 0.6, 0.6).disturbs());
    EXPECT_FALSE(met(0.1, 0.04, 0).disturbs()) << "a fifth of it, but few ticks";
}

TEST(noise, adds_up) {
    noise sum{.seconds = 1, .cpus = 2, .other_cpu_seconds = 0.5, .throttled_seconds = 1};
    sum +=
        {.seconds = 3, .cpus = 2, .other_cpu_seconds = 1.5, .throttled_seconds = 2, .io_pressure_seconds = 3};
    EXPECT_EQ(sum.seconds, 4);
    EXPECT_EQ(sum.other_cpu_share(), 0.25);
    EXPECT_EQ(sum.throttled_seconds, 3);
    EXPECT_EQ(sum.io_pressure_seconds, 3);
}

TEST(read_noise, sees_time_go_by) {
    auto const before = read_noise();
    EXPECT_GT(before.busy_seconds, 0);
    compute(0.05);
    auto const after = read_noise();
    EXPECT_GT(after.own_seconds, before.own_seconds + 0.01);
    EXPECT_GE(after.busy_seconds, before.busy_seconds);
}

TEST(cpu_seconds_of_tree, a_process) {
    pid_t const child = fork();
    if (child == 0) {
        alarm(600);
        compute(600);
        _exit(0);
    }
    while (cpu_seconds_of_tree(child) < 0.02)
        std::this_thread::sleep_for(10ms);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    EXPECT_EQ(cpu_seconds_of_tree(child), 0);
}

bool has_no_child(pid_t process) {
    std::ifstream file(fmt::format("/proc/{0}/task/{0}/children", process));
    pid_t child = 0;
    return file.is_open() && !(file >> child);
}

/// A process that does nothing itself, but has a child that computes for so long, and waits for it.
pid_t parent_of_one_that_computes(double seconds) {
    pid_t const parent = fork();
    if (parent != 0) return parent;
    alarm(600);
    pid_t const child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        compute(seconds);
        _exit(0);
    }
    waitpid(child, nullptr, 0);
    for (;;)
        pause();
}

TEST(cpu_seconds_of_tree, children_that_live_and_that_have_ended) {
    for (double const seconds : {0.3, 600.0}) {
        pid_t const parent = parent_of_one_that_computes(seconds);
        auto const had = [&] { return cpu_seconds_of_tree(parent) > 0.2; };
        EXPECT_TRUE(test::comes_true(had)) << seconds;
        if (seconds < 1) {
            EXPECT_TRUE(test::comes_true([&] { return has_no_child(parent); }));
            EXPECT_TRUE(had()) << "what has ended counts no more";
        }
        kill(parent, SIGKILL);
        waitpid(parent, nullptr, 0);
        EXPECT_EQ(cpu_seconds_of_tree(parent), 0);
    }
}

}  // namespace quartet::measure::noise_test
