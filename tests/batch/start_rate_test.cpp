// A server that says "slow down": few are refused, and what it allows is made use of.
#include "batch/control/start_rate.hpp"

#include "tests/batch/batch_kinds.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace quartet::batch::start_rate_test {
namespace {

using simulated::chance;
using simulated::job;
using simulated::kind;
using simulated::resource;

kind server(double rate, double burst, double seconds, std::size_t jobs) {
    return {"", jobs, {.processors = 4, .server_rate = rate, .server_burst = burst}, [=](chance& of, double) {
                return job{{{{resource::server, of.around(seconds, 0.2)}}}, 1, 0.01};
            }};
}

void expect_few_refused(kind const& what, double rate, double part = 0.85) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        auto const course = run_automatic(what, seed);
        SCOPED_TRACE(std::to_string(course.late_refused) + " of " + std::to_string(course.late_starts) +
                     " refused, " + std::to_string(course.seconds) + " s");
        EXPECT_LE(static_cast<double>(course.late_refused), 0.02 * static_cast<double>(course.late_starts));
        EXPECT_GE(static_cast<double>(what.jobs) / course.seconds, part * rate);
    }
}

TEST(StartRate, a_server_that_allows_twenty_a_second) {
    expect_few_refused(server(20, 20, 0.005, 1200), 20);
}

TEST(StartRate, one_that_allows_no_burst) {
    expect_few_refused(server(20, 1, 0.005, 1200), 20);
}

TEST(StartRate, one_whose_answers_take_a_second) {
    expect_few_refused(server(20, 5, 1, 1200), 20);
}

TEST(StartRate, one_that_allows_no_burst_and_whose_answers_take_a_second) {
    expect_few_refused(server(20, 1, 1, 1200), 20, 0.6);
}

TEST(StartRate, one_that_allows_two_hundred) {
    expect_few_refused(server(200, 50, 0.02, 8000), 200);
}

TEST(StartRate, there_is_no_limit_without_a_refusal) {
    start_rate rate;
    for (int start = 0; start != 1000; ++start)
        rate.started(0.001 * start);
    rate.pass(1);
    EXPECT_FALSE(rate.per_second());
    EXPECT_EQ(rate.next(1), 1);
}

TEST(StartRate, refusals_of_one_moment_are_one) {
    start_rate rate;
    for (int start = 0; start != 100; ++start)
        rate.started(0.001 * start);
    EXPECT_TRUE(rate.refused(0.1, 0.05));
    auto const lowered = rate.per_second();
    for (int start = 0; start != 40; ++start)
        EXPECT_FALSE(rate.refused(0.1 + 0.001 * start, 0.055 + 0.001 * start));
    EXPECT_EQ(rate.per_second(), lowered);
}

TEST(StartRate, starts_are_an_equal_time_apart) {
    start_rate rate;
    rate.started(0);
    rate.refused(0.1, 0);
    double const apart = 1 / *rate.per_second();
    double const first = rate.next(0.1);
    rate.started(first);
    EXPECT_NEAR(rate.next(first), first + apart, 1e-9);
}

}  // namespace
}  // namespace quartet::batch::start_rate_test
