// The workload `query` under every model, with a server of its own: what it asks, and what it refuses.

#include "server/postgres_process.hpp"
#include "tests/io/processes.hpp"
#include "tests/workloads/trial.hpp"

#include <quartet/workload/workload.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

namespace quartet::query_test {
namespace {

using test::temporary_folder;
using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

/// The workload, with few and small questions.
class query_trial : public test::trial_of {
public:
    query_trial() : trial_of("query") {
        set("count", std::int64_t{8});
        set("statements", std::int64_t{3});
        set("rows", std::int64_t{20});
        set("delay", 0.0);
    }
};

/// One server for all tests of it.
class query_of_a_server : public testing::Test {
protected:
    static void SetUpTestSuite() {
        if (query_trial().lacks().empty() && !postgres_programs().empty()) home_ = new home;
    }
    static void TearDownTestSuite() { delete std::exchange(home_, nullptr); }
    void SetUp() override {
        if (!home_) GTEST_SKIP() << "PostgreSQL or libpq is not installed (postgresql, libpq-dev)";
    }
    static std::string const& url() { return home_->server.url(); }

private:
    /// A folder that the server's user may enter.
    struct open_folder : temporary_folder {
        open_folder() { std::filesystem::permissions(*this / "", std::filesystem::perms(0711)); }
    };
    struct home {
        open_folder folder;
        postgres_process server{{.folder = folder / "", .connections = 40}};
    };
    static inline home* home_ = nullptr;
};

TEST_F(query_of_a_server, gives_the_same_answer_under_every_model) {
    query_trial trial;
    auto const expected = trial.run("single", url()).checksum;
    for (auto const* model : test::models_to_try) {
        auto const report = trial.run(model, url());
        EXPECT_EQ(report.tasks, 8u) << model;
        EXPECT_EQ(report.failed, 0u) << model << testing::PrintToString(report.failures);
        EXPECT_EQ(report.verification, "") << model;
        EXPECT_EQ(report.checksum, expected) << model;
    }
    trial.set("rows", std::int64_t{21});
    EXPECT_NE(trial.run("async:5", url()).checksum, expected);
}

TEST_F(query_of_a_server, takes_large_answers) {
    query_trial trial;
    trial.set("rows", std::int64_t{20'000});
    trial.set("statements", std::int64_t{1});
    for (auto const* model : {"single", "async:5"}) {
        auto const report = trial.run(model, url());
        EXPECT_EQ(report.failed, 0u) << model << testing::PrintToString(report.failures);
    }
}

TEST_F(query_of_a_server, sends_large_statements) {
    query_trial trial;
    trial.set("sql", "select length('" + std::string(3'000'000, 'x') + "'), null; select 'b'");
    trial.set("statements", std::int64_t{1});
    trial.set("count", std::int64_t{2});
    auto const expected = trial.run("single", url());
    auto const report = trial.run("async:2", url());
    EXPECT_EQ(report.failed, 0u) << testing::PrintToString(report.failures);
    EXPECT_EQ(report.checksum, expected.checksum);
}

TEST_F(query_of_a_server, tells_null_from_an_empty_text) {
    query_trial trial;
    trial.set("sql", "select null::text");
    auto const null = trial.run("single", url());
    trial.set("sql", "select ''");
    auto const empty = trial.run("single", url());
    EXPECT_EQ(null.failed + empty.failed, 0u);
    EXPECT_NE(null.checksum, empty.checksum);
}

TEST_F(query_of_a_server, fails_in_the_servers_words) {
    query_trial trial;
    for (auto const& [sql, says] :
         {std::pair("select 1/0", "ERROR: division by zero"),
          std::pair("select 1; nonsense", "ERROR: syntax error at or near \"nonsense\""),
          std::pair("copy (select 1) to stdout", "must not be a COPY"),
          std::pair("select pg_terminate_backend(pg_backend_pid())",
                    "terminating connection due to administrator command")}) {
        trial.set("sql", sql);
        for (auto const* model : test::models_to_try) {
            auto const report = trial.run(model, url());
            EXPECT_EQ(report.failed, 8u) << model;
            EXPECT_THAT(report.failures, Each(AllOf(HasSubstr(says), Not(HasSubstr("\n"))))) << model;
        }
    }
}

TEST_F(query_of_a_server, notices_rows_that_are_not_those_it_knows) {
    query_trial trial;
    trial.set("count", std::int64_t{1});
    trial.set("statements", std::int64_t{1});
    trial.set(
        "sql",
        "create schema other; create function other.generate_series(bigint, bigint) returns setof bigint "
        "language sql as 'select case n when $2 then 7 else n end from pg_catalog.generate_series($1, $2) "
        "n'");
    auto const made = trial.run("single", url());
    EXPECT_EQ(made.failed, 0u) << testing::PrintToString(made.failures);
    trial.set("sql", std::string());
    for (auto const* model : test::models_to_try) {
        auto const report = trial.run(model, url() + "&options=-csearch_path%3Dother,pg_catalog");
        EXPECT_EQ(report.failed, 1u) << model;
        EXPECT_THAT(report.failures, Each(HasSubstr("answer 1 is wrong: row "))) << model;
    }
}

TEST_F(query_of_a_server, fails_where_the_answer_takes_too_long) {
    query_trial trial;
    trial.set("delay", 30.0);
    trial.set("count", std::int64_t{2});
    trial.set("timeout", 0.05);
    for (auto const* model : test::models_to_try) {
        auto const report = trial.run(model, url());
        EXPECT_EQ(report.failed, 2u) << model;
        EXPECT_THAT(report.failures, Each(HasSubstr("no answer within 0.05 s"))) << model;
    }
}

TEST_F(query_of_a_server, fails_where_there_are_too_many_connections) {
    query_trial trial;
    trial.set("count", std::int64_t{60});  // of which 40 may be there at a time
    trial.set("delay", 0.5);
    auto const report = trial.run("async:each", url());
    EXPECT_GE(report.failed, 20u);
    EXPECT_THAT(report.failures,
                Each(AllOf(HasSubstr("sorry, too many clients already"), Not(HasSubstr("\n")))));
}

TEST(query, fails_where_nobody_listens) {
    query_trial trial;
    trial.set("url", "postgresql://me:secret@127.0.0.1:1/nothing");
    if (!trial.lacks().empty()) GTEST_SKIP() << trial.lacks();
    for (auto const* model : test::models_to_try) {
        auto const report = trial.run(model);
        EXPECT_EQ(report.failed, 8u) << model;
        EXPECT_THAT(report.failures, Each(AllOf(HasSubstr("port 1 failed: Connection refused"),
                                                Not(HasSubstr("\n")), Not(HasSubstr("secret")))))
            << model;
    }
}

TEST(query, refuses_what_is_no_uri_and_keeps_passwords_to_itself) {
    query_trial trial;
    for (auto const* good : {"postgresql://me@host:5432/data", "postgres:///data?host=/run/postgresql"}) {
        trial.set("url", good);
        EXPECT_NO_THROW(trial.check()) << good;
    }
    for (auto const* bad :
         {"secret", "host=here password=secret", "mysql://me:secret@host/data",
          "postgresql://me:secret@host/data?nonsense", "postgresql://me:secret%zz@host/data",
          "postgresql://me@host/data?password=secret"}) {
        trial.set("url", bad);
        try {
            trial.check();
            // Without libpq nobody knows what it would read.
            EXPECT_NE(trial.lacks(), "") << bad;
        } catch (std::invalid_argument const& why) {
            EXPECT_THAT(why.what(), AllOf(HasSubstr("query.url"), Not(HasSubstr("secret"))));
        }
    }
}

}  // namespace
}  // namespace quartet::query_test
