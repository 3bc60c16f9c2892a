// The workload `echo` under every model: what comes back, and what it refuses.

#include "server/echo_server.hpp"
#include "tests/workloads/trial.hpp"

#include <quartet/workload/workload.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>

namespace quartet::echo_test {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::SizeIs;

/// The workload, with few and small talks.
class echo_trial : public test::trial_of {
public:
    echo_trial() : trial_of("echo") {
        set("connections", std::int64_t{12});
        set("round_trips", std::int64_t{3});
        set("delay", 0.0);
    }
};

TEST(echo, gives_the_same_answer_under_every_model) {
    for (std::int64_t const bytes : {1, 64, 65'536}) {
        echo_trial trial;
        trial.set("bytes", bytes);
        auto const server = trial.start_server();
        auto const expected = trial.run("single", server->address()).checksum;
        for (auto const* model : test::models_to_try) {
            auto const report = trial.run(model, server->address());
            EXPECT_EQ(report.tasks, 12u) << model;
            EXPECT_EQ(report.failed, 0u) << model << testing::PrintToString(report.failures);
            EXPECT_EQ(report.verification, "") << model;
            EXPECT_EQ(report.checksum, expected) << model << ", " << bytes << " bytes";
        }
    }
}

TEST(echo, has_another_answer_for_other_messages) {
    echo_trial trial;
    auto const server = trial.start_server();
    auto const usual = trial.run("async:5", server->address()).checksum;
    trial.set("round_trips", std::int64_t{4});
    EXPECT_NE(trial.run("async:5", server->address()).checksum, usual);
}

TEST(echo, asks_somebody_elses_server) {
    echo_server server({.bytes = 64});
    std::thread serving([&] { server.run(); });
    echo_trial trial;
    trial.set("server", server.where());
    EXPECT_NO_THROW(trial.check());
    EXPECT_EQ(trial.start_server(), nullptr);
    auto const report = trial.run("async:5");
    EXPECT_EQ(report.failed, 0u) << testing::PrintToString(report.failures);
    server.stop();
    serving.join();
}

TEST(echo, fails_where_no_answer_comes) {
    echo_process const server({.bytes = 1000});  // waits for more than it is sent
    echo_trial trial;
    trial.set("server", server.where());
    trial.set("connections", std::int64_t{2});
    trial.set("timeout", 0.02);
    for (auto const* model : test::models_to_try) {
        auto const report = trial.run(model);
        EXPECT_EQ(report.failed, 2u) << model;
        EXPECT_THAT(report.failures, Each(HasSubstr(server.where() + ": no answer within 0.02 s"))) << model;
    }
}

TEST(echo, fails_where_nobody_listens) {
    echo_trial trial;
    trial.set("server", "127.0.0.1:1");
    for (auto const* model : test::models_to_try) {
        auto const report = trial.run(model);
        EXPECT_EQ(report.failed, 12u) << model;
        EXPECT_THAT(report.failures, SizeIs(10));
        EXPECT_THAT(report.failures, Each(HasSubstr("cannot connect to 127.0.0.1:1: Connection refused")))
            << model;
    }
}

TEST(echo, refuses_what_is_no_address) {
    echo_trial trial;
    for (auto const* good : {"localhost:7", "10.0.0.1:65535", "[::1]:7", "a.b-c.example:80"}) {
        trial.set("server", good);
        EXPECT_NO_THROW(trial.check()) << good;
    }
    for (auto const* bad :
         {"localhost", ":7", "localhost:", "localhost:0", "localhost:65536", "localhost:x", "::1:7", "[::1]",
          "tcp://localhost:7", "user@localhost:7", "[]:7", "a b:7", "localhost:7 "}) {
        trial.set("server", bad);
        EXPECT_THROW(trial.check(), std::invalid_argument) << bad;
    }
}

}  // namespace
}  // namespace quartet::echo_test
