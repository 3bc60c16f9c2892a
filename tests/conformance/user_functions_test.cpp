// Functions of the user that are not bodies, and throw: the executor's initialize, log, progress and
// retry.when. None of them ends the program, and each is the same under all models.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace quartet::conformance::user_functions_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct spec_row {
    std::string spec;
    bool worker_per_task = false;
};

std::vector<spec_row> specs() {
    std::vector<spec_row> rows{{"single"},  {"threads:3"},         {"threads:each", true},
                               {"async:7"}, {"threads:2+async:3"}, {"auto"}};
    if (with_processes) {
        rows.push_back({"processes:3"});
        rows.push_back({"processes:each", true});
        rows.push_back({"processes:2+async:3"});
    }
    return rows;
}

int same(int n) {
    return n;
}

/// The text of what make_executor throws, or of the failure of the first task.
std::string what_becomes_of(spec_row const& row, std::function<void()> initialize) {
    try {
        auto executor = make_executor(row.spec, {.name = "copies", .initialize = std::move(initialize)});
        auto const outcomes = executor.try_map(same, std::vector{1, 2, 3});
        EXPECT_TRUE(row.worker_per_task) << "the executor of " << row.spec << " was made";
        for (auto const& each : outcomes) {
            if (each) return "task ran";
            EXPECT_EQ(each.error().why, cause::threw);
            EXPECT_THROW(each.value(), std::runtime_error);
        }
        return outcomes[0].error().message;
    } catch (std::runtime_error const& thrown) {
        EXPECT_FALSE(row.worker_per_task) << row.spec;
        return thrown.what();
    }
}

TEST(an_initialize_that_throws, is_the_failure_of_what_needs_the_worker) {
    for (auto const& row : specs()) {
        auto const text = what_becomes_of(row, [] { throw std::out_of_range("no licence"); });
        EXPECT_THAT(text, HasSubstr("executor_options::initialize threw in copies")) << row.spec;
        EXPECT_THAT(text, HasSubstr(": no licence")) << row.spec;
    }
}

TEST(an_initialize_that_throws, may_throw_anything) {
    for (auto const& row : specs())
        EXPECT_THAT(what_becomes_of(row, [] { throw 7; }), HasSubstr("an exception of type int")) << row.spec;
}

TEST(an_initialize_that_throws, in_one_worker_of_many_is_enough) {
    for (auto const* spec : {"threads:4", "threads:4+async:2", "processes:4", "processes:4+async:2"}) {
        if (!with_processes && std::string_view(spec).starts_with("processes")) continue;
        shared_counter begun;
        auto const initialize = [count = &begun] {
            if (++*count == 3) throw std::runtime_error("the third");
        };
        EXPECT_THROW(make_executor(spec, {.initialize = initialize}), std::runtime_error) << spec;
    }
}

TEST(an_initialize_that_throws, in_a_later_worker_fails_what_no_other_runs) {
    if (!with_processes) GTEST_SKIP() << "no processes under this sanitizer";
    shared_counter begun;
    auto const initialize = [count = &begun] {
        if (++*count > 1) throw std::runtime_error("only once");
    };
    auto executor = make_executor("processes:1", {.initialize = initialize, .recycle_after = 1});
    auto const outcomes = executor.try_map(same, std::vector{1, 2});
    EXPECT_EQ(outcomes[0].value(), 1);
    ASSERT_FALSE(outcomes[1]);
    EXPECT_THAT(outcomes[1].error().message, HasSubstr("only once"));
    // Also what waits when the pool gives up: nothing of theirs has run, so no worker died of them.
    EXPECT_EQ(outcomes[1].error().why, cause::threw);
    EXPECT_THROW(outcomes[1].value(), std::runtime_error);
    auto const later = executor.try_map(same, std::vector(40, 1));
    EXPECT_TRUE(std::ranges::all_of(later, [](auto const& each) {
        return !each && each.error().why == cause::threw && each.error().exception;
    }));
}

TEST(an_initialize_that_ends_the_worker, is_the_failure_of_make_executor) {
    if (!with_processes) GTEST_SKIP() << "no processes under this sanitizer";
    try {
        make_executor("processes:2", {.initialize = [] { _exit(5); }});
        FAIL() << "it was made";
    } catch (std::runtime_error const& thrown) {
        EXPECT_THAT(thrown.what(), HasSubstr("exited with code 5 before it was used"));
    }
}

class a_function_that_throws : public any_model {};
QUARTET_SUITE(a_function_that_throws, all_rows());

task<int> logging(context& ctx, int n) {
    ctx.log("a line");
    co_await ctx.yield();
    co_return n;
}

TEST_P(a_function_that_throws, as_a_log_handler_costs_no_task) {
    auto executor = make([](log_record const&) { throw std::runtime_error("full"); });
    EXPECT_EQ(executor.map(logging, std::vector{1, 2, 3}), (std::vector{1, 2, 3}));
}

TEST_P(a_function_that_throws, as_progress_stops_the_call_and_comes_out_of_it) {
    auto executor = make();
    std::vector<int> inputs(10);
    std::iota(inputs.begin(), inputs.end(), 0);
    call_options options;
    options.progress = [](std::size_t, std::size_t) { throw std::domain_error("no terminal"); };
    EXPECT_THROW(executor.map(same, inputs, options), std::domain_error);
    EXPECT_THROW(executor.try_map(same, inputs, options), std::domain_error);
    EXPECT_EQ(executor.map(same, inputs), inputs);
}

TEST_P(a_function_that_throws, as_retry_when_says_no) {
    auto executor = make();
    call_options options;
    options.retry = {.times = 3, .pause = 0ns, .when = [](failure const&) -> bool { throw 1; }};
    auto const fails = [](int) -> int { throw std::runtime_error("first"); };
    auto const outcomes = executor.try_map(fails, std::vector{1, 2}, options);
    EXPECT_EQ(outcomes[1].error().message, "first");
}

}  // namespace
}  // namespace quartet::conformance::user_functions_test
