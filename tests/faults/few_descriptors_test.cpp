// Far more is asked for at the same time than there are descriptors: what gets none fails and says so, the
// rest is done, nothing hangs, and afterwards the same executor does whatever it is asked to.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/conformance/test_server.hpp"
#include "tests/faults/checks.hpp"
#include "tests/faults/limits.hpp"

#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace quartet::faults::few_descriptors_test {
namespace {

using conformance::any_model;
using conformance::by_spec;
using conformance::row;
using conformance::sanitized;
using conformance::shared;
using conformance::shared_counter;
using conformance::temporary_folder;
using conformance::test_server;
using conformance::wait_until;
using conformance::with_processes;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

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
    constexpr std::size_t all = 300;
    shared_counter begun;
    shared<std::atomic<clock::time_point>> last_begin;
    auto const note_and_fetch = [begun = &begun, last = &last_begin](context& ctx,
                                                                     std::string url) -> task<std::size_t> {
        if (++*begun % all == 0) *last = clock::now();
        co_return (co_await ctx.fetch(url)).body.size();
    };
    resource_limit const lower(RLIMIT_NOFILE, few);
    auto executor = make();
    // Until the delay was so long that all had begun well before a reply came.
    std::size_t values = 0;
    for (auto delay = 1000ms;; delay *= 4) {
        auto const slow = server_ / ("delay/" + std::to_string(delay.count()));
        auto const in_time = clock::now() + delay / 2;
        values = check(executor.try_map(note_and_fetch, std::vector(all, slow)), slow);
        if (last_begin->load() < in_time) break;
    }
    EXPECT_GT(values, 0u);
    EXPECT_LT(values, 2 * few);
    expect_to_work(executor);
}

TEST_P(few_descriptors_at_the_same_time, fail_the_files_that_need_more) {
    constexpr std::size_t all = 300;
    shared_counter tried;
    auto const hold = [tried = &tried](context& ctx, std::string const& path) -> task<std::size_t> {
        std::optional<file> opened;
        try {
            opened.emplace(co_await ctx.open_file(path, open_mode::read));
        } catch (...) {
            ++*tried;
            throw;
        }
        for (++*tried; *tried < all;)
            co_await ctx.sleep_for(1ms);
        auto const text = co_await opened->read_at(0, 100);
        co_await opened->close();
        co_return text.size();
    };
    resource_limit const lower(RLIMIT_NOFILE, few);
    auto executor = make();
    auto const values = check(executor.try_map(hold, std::vector(all, path_)), path_);
    EXPECT_GT(values, 0u);
    EXPECT_LT(values, 2 * few);
    expect_to_work(executor);
}

TEST_P(few_descriptors_at_the_same_time, fail_the_commands_that_need_more) {
    constexpr std::size_t all = 100;
    std::string const started = folder_ / "started";
    std::string const gate = folder_ / "gate";
    std::ofstream(started).close();
    shared_counter failed;
    auto const run_and_note = [failed = &failed](context& ctx, std::string line) -> task<std::size_t> {
        try {
            co_return (co_await ctx.run(command::shell(line))).output.size();
        } catch (std::system_error const&) {
            ++*failed;
            throw;
        }
    };
    resource_limit const lower(RLIMIT_NOFILE, few);
    auto executor = make();
    std::jthread const opener([&] {
        wait_until([&] { return std::filesystem::file_size(started) + *failed == all; });
        std::filesystem::create_directory(gate);  // which takes no descriptor
    });
    auto const line = "echo >> " + started + "; until [ -e " + gate + " ]; do sleep 0.02; done; echo x";
    auto const values = check(executor.try_map(run_and_note, std::vector(all, line)), "sh'");
    EXPECT_GT(values, 0u);
    EXPECT_LT(values, 2 * few);
    expect_to_work(executor);
}

}  // namespace
}  // namespace quartet::faults::few_descriptors_test
