// Far more is asked for at the same time than there are descriptors: what gets none fails and says so, the
// rest is done, nothing hangs, and afterwards the same executor does whatever it is asked to.
#include "tests/conformance/models.hpp"
#include "tests/conformance/test_server.hpp"
#include "tests/faults/checks.hpp"
#include "tests/faults/limits.hpp"

#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace quartet::faults {
namespace {

using conformance::any_model;
using conformance::by_spec;
using conformance::row;
using conformance::sanitized;
using conformance::temporary_folder;
using conformance::test_server;
using conformance::with_processes;

constexpr rlim_t few = 64;
constexpr rlim_t of_a_loop = 8;  // a loop's own

task<std::size_t> fetch(context& ctx, std::string url) {
    co_return (co_await ctx.fetch(url)).body.size();
}
task<std::size_t> read(context& ctx, std::string path) {
    co_return (co_await ctx.read_file(path)).size();
}
task<std::size_t> run(context& ctx, std::string line) {
    co_return (co_await ctx.run(command::shell(line))).output.size();
}

/// Counts the values. All else must be failures that name what was asked for and what was lacking.
std::size_t check(std::vector<outcome<std::size_t>> const& outcomes, std::string const& about) {
    std::size_t values = 0;
    for (auto const& each : outcomes) {
        if (!each) {
            EXPECT_TRUE(tells(each.error(), "Too many open files", about));
            continue;
        }
        EXPECT_GT(*each, 0u);
        ++values;
    }
    return values;
}

class few_descriptors : public any_model {
protected:
    few_descriptors() {
        unsetenv("http_proxy");
        std::ofstream(path_) << "text";
    }

    void expect_to_work(executor& runs) {
        EXPECT_EQ(check(runs.try_map(fetch, std::vector(5, url_)), url_), 5u);
        EXPECT_EQ(check(runs.try_map(read, std::vector(5, path_)), path_), 5u);
        EXPECT_EQ(check(runs.try_map(run, std::vector<std::string>(5, "echo x")), "sh'"), 5u);
    }

    /// Under a low limit, and then what is little works.
    void expect_some_of(auto body, std::vector<std::string> const& inputs, int rounds,
                        std::string const& about) {
        bool const may_have_two_loops = GetParam().name == "auto";
        resource_limit const lower(RLIMIT_NOFILE, few + may_have_two_loops * 2 * of_a_loop);
        auto executor = make();
        for (int round = 0; round < rounds; ++round)
            EXPECT_GT(check(executor.try_map(body, inputs), about), 0u);
        expect_to_work(executor);
    }

    test_server server_;
    temporary_folder folder_;
    std::string const url_ = server_ / "page?bytes=100";
    std::string const path_ = folder_ / "a.txt";
};
QUARTET_SUITE(few_descriptors, conformance::rows_with_real_io());

TEST_P(few_descriptors, are_enough_for_some_of_many_fetches) {
    expect_some_of(fetch, std::vector(sanitized ? 200 : 1000, url_), 2, url_);
}

TEST_P(few_descriptors, are_enough_for_some_of_many_files) {
    expect_some_of(read, std::vector(sanitized ? 200 : 1000, path_), 2, path_);
}

TEST_P(few_descriptors, are_enough_for_some_of_many_commands) {
    expect_some_of(run, std::vector<std::string>(200, "echo x"), 1, "sh'");
}

/// Everything is in flight before anything ends.
class few_descriptors_at_the_same_time : public few_descriptors {};

std::vector<row> loops() {
    std::vector<row> some{by_spec("async_1000", "async:1000", 0)};
    if (with_processes) some.push_back(by_spec("processes_2_async_500", "processes:2+async:500", 0));
    return some;
}
QUARTET_SUITE(few_descriptors_at_the_same_time, loops());

TEST_P(few_descriptors_at_the_same_time, fail_the_fetches_that_need_more) {
    auto const slow = server_ / "delay/1000";
    resource_limit const lower(RLIMIT_NOFILE, few);
    auto executor = make();
    auto const values = check(executor.try_map(fetch, std::vector(300, slow)), slow);
    EXPECT_GT(values, 0u);
    EXPECT_LT(values, 2 * few);
    expect_to_work(executor);
}

TEST_P(few_descriptors_at_the_same_time, fail_the_files_that_need_more) {
    auto const hold = [](context& ctx, std::string const& path) -> task<std::size_t> {
        auto file = co_await ctx.open_file(path, open_mode::read);
        co_await ctx.sleep_for(std::chrono::seconds(1));
        auto const text = co_await file.read_at(0, 100);
        co_await file.close();
        co_return text.size();
    };
    resource_limit const lower(RLIMIT_NOFILE, few);
    auto executor = make();
    auto const values = check(executor.try_map(hold, std::vector(300, path_)), path_);
    EXPECT_GT(values, 0u);
    EXPECT_LT(values, 2 * few);
    expect_to_work(executor);
}

TEST_P(few_descriptors_at_the_same_time, fail_the_commands_that_need_more) {
    resource_limit const lower(RLIMIT_NOFILE, few);
    auto executor = make();
    auto const values = check(executor.try_map(run, std::vector<std::string>(100, "sleep 1; echo x")), "sh'");
    EXPECT_GT(values, 0u);
    EXPECT_LT(values, 2 * few);
    expect_to_work(executor);
}

}  // namespace
}  // namespace quartet::faults
