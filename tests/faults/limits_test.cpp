// What the system refuses becomes a failed outcome with the system's words, or an exception from the call
// that could not begin; the rest goes on.
#include "tests/faults/limits.hpp"

#include "tests/conformance/models.hpp"
#include "tests/faults/checks.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <ranges>
#include <thread>

namespace quartet::faults::limits_test {
namespace {

using conformance::any_model;
using conformance::sanitized;
using conformance::temporary_folder;
using conformance::with_processes;
using namespace std::chrono_literals;

class limits : public any_model {};
QUARTET_SUITE(limits, conformance::rows_with_real_io());

/// From here on this process gets no further descriptor. A worker lowers its own limit.
void allow_no_descriptors() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 3;
    setrlimit(RLIMIT_NOFILE, &limit);
}

rlim_t own_descriptor_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

TEST_P(limits, on_descriptors_fail_the_files_that_need_one) {
    temporary_folder folder;
    auto const path = folder / "a.txt";
    auto executor = make();
    resource_limit const restored(RLIMIT_NOFILE, own_descriptor_limit());
    auto const body = [](context& ctx, std::string const& name) -> task<std::size_t> {
        allow_no_descriptors();
        co_await ctx.yield();
        if (name.empty()) co_return 1;
        co_await ctx.write_file(name, "x");
        co_return 2;
    };
    auto const outcomes = executor.try_map(body, std::vector<std::string>{"", path, "", path});
    for (std::size_t n : {1u, 3u}) {
        ASSERT_FALSE(outcomes[n].has_value());
        EXPECT_TRUE(tells(outcomes[n].error(), "Too many open files", "'" + path + "'"));
    }
    for (std::size_t n : {0u, 2u})
        EXPECT_EQ(outcomes[n].value(), 1u);
}

TEST_P(limits, on_descriptors_fail_fetches_with_their_url) {
    std::string const url = "http://127.0.0.1:9/page";
    auto executor = make();
    resource_limit const restored(RLIMIT_NOFILE, own_descriptor_limit());
    auto const body = [](context& ctx, std::string const& asked) -> task<int> {
        try {
            co_await ctx.fetch("http://127.0.0.1:9/early");  // from here on there is an HTTP client
        } catch (fetch_error const&) {
        }
        allow_no_descriptors();
        if (asked.empty()) co_return 1;
        co_return (co_await ctx.fetch(asked)).status;
    };
    auto const outcomes = executor.try_map(body, std::vector<std::string>{"", url, "", url});
    for (std::size_t n : {1u, 3u}) {
        ASSERT_FALSE(outcomes[n].has_value());
        EXPECT_TRUE(tells(outcomes[n].error(), "Too many open files", "GET " + url));
    }
    for (std::size_t n : {0u, 2u})
        EXPECT_EQ(outcomes[n].value(), 1);
}

TEST_P(limits, on_space_fail_the_writes_that_need_it) {
    std::optional<small_disk> disk;
    try {
        disk.emplace();
    } catch (std::system_error const& refused) {
        GTEST_SKIP() << refused.what();
    }
    auto executor = make();
    auto const body = [](context& ctx, std::string const& path) -> task<void> {
        if (path.ends_with("large")) co_await ctx.write_file(path, std::string(1'000'000, 'x'));
        if (path.ends_with("appended")) {
            auto file = co_await ctx.open_file(path, open_mode::append);
            for (int n = 0; n < 1000; ++n)
                co_await file.append(std::string(1000, 'x'));
            co_await file.close();
        }
        if (path.ends_with("small")) co_await ctx.write_file(path, "");
    };
    for (std::string const name : {"large", "appended"}) {
        auto const outcomes = executor.try_map(body, std::vector{*disk / name, *disk / "small"});
        ASSERT_FALSE(outcomes[0].has_value());
        EXPECT_TRUE(tells(outcomes[0].error(), "No space left on device", "'" + *disk / name + "'"));
        EXPECT_TRUE(outcomes[1].has_value());
        std::filesystem::remove(*disk / name);
    }
}

TEST(limits_of_descriptors, refuse_an_executor_with_a_system_error) {
    std::vector<std::string> specs{"async"};
    if (with_processes) specs.insert(specs.end(), {"processes:2", "processes:each"});
    for (auto const& spec : specs) {
        resource_limit const lower(RLIMIT_NOFILE, 3);
        EXPECT_THROW(make_executor(spec), std::system_error) << spec;
    }
    resource_limit const lower(RLIMIT_NOFILE, 3);
    EXPECT_EQ(make_executor("single").map([](int n) { return n; }, std::vector{1}), std::vector{1});
    EXPECT_EQ(make_executor("threads:2").map([](int n) { return n; }, std::vector{1}), std::vector{1});
}

TEST(limits_of_descriptors, refuse_an_executor_at_any_point_without_a_leak) {
    std::vector<std::string> specs{"async"};
    if (with_processes) specs.insert(specs.end(), {"processes:2", "processes:each"});
    for (auto const& spec : specs) {
        auto const before = open_descriptors();
        for (std::size_t further = 0; further < 20; ++further) {
            try {
                resource_limit const lower(RLIMIT_NOFILE, before - 1 + further);
                make_executor(spec, {.log = [](log_record const&) {}});
            } catch (std::system_error const&) {
            }
            ASSERT_EQ(open_descriptors(), before) << spec << " with " << further;
            ASSERT_TRUE(children_of(getpid()).empty());
        }
    }
}

class limits_of_memory : public testing::Test {
protected:
    void SetUp() override {
        if (sanitized) GTEST_SKIP() << "a sanitizer reserves more address space than the limit allows";
        if (!with_processes) GTEST_SKIP() << "no processes under this sanitizer";
    }
};

TEST_F(limits_of_memory, fail_the_results_that_do_not_fit) {
    resource_limit const lower(RLIMIT_AS, rlim_t{1} << 30);
    auto executor = make_executor("processes:2");
    auto const body = [](std::size_t megabytes) { return std::string(megabytes << 20, 'x'); };
    auto const outcomes = executor.try_map(body, std::vector<std::size_t>{1, 2000, 1, 400, 400, 400, 1});
    for (std::size_t n : {0u, 2u, 6u})
        EXPECT_EQ(outcomes[n].value().size(), std::size_t{1} << 20) << n;
    EXPECT_FALSE(outcomes[1].has_value());
    std::size_t failed = 0;
    for (auto const& each : outcomes) {
        if (each) continue;
        ++failed;
        EXPECT_EQ(each.error().why, cause::threw);
        EXPECT_EQ(each.error().message, "std::bad_alloc");
    }
    EXPECT_GE(failed, 2u);
    EXPECT_EQ(executor.map([](int n) { return n; }, std::vector{1, 2}), (std::vector{1, 2}));
}

TEST_F(limits_of_memory, refuse_inputs_that_do_not_fit) {
    std::vector<std::string> const inputs(8, std::string(100 << 20, 'x'));
    resource_limit const lower(RLIMIT_AS, (rlim_t{1} << 30) + (rlim_t{256} << 20));
    auto executor = make_executor("processes:2");
    EXPECT_THROW(executor.map([](std::string const& text) { return text.size(); }, inputs), std::bad_alloc);
    EXPECT_EQ(executor.map([](int n) { return n; }, std::vector{1, 2}), (std::vector{1, 2}));
}

TEST_F(limits_of_memory, fail_bodies_that_ask_for_too_much) {
    resource_limit const lower(RLIMIT_AS, rlim_t{2} << 30);
    for (std::string const spec : {"single", "threads:2", "async", "processes:2"}) {
        auto const outcomes =
            make_executor(spec).try_map([](std::size_t bytes) { return std::string(bytes, 'x').size(); },
                                        std::vector<std::size_t>{1, std::size_t{8} << 30, 2});
        EXPECT_EQ(outcomes[0].value(), 1u);
        EXPECT_EQ(outcomes[1].error().message, "std::bad_alloc") << spec;
        EXPECT_EQ(outcomes[2].value(), 2u);
    }
}

/// Lets `further` threads and processes begin; skips the test where that can't be arranged.
#define LIMIT_TASKS(name, further)                   \
    std::optional<task_limit> name;                  \
    try {                                            \
        name.emplace(further);                       \
    } catch (std::runtime_error const& impossible) { \
        GTEST_SKIP() << impossible.what();           \
    }

int wait_and_square(int n) {
    std::this_thread::sleep_for(1ms);
    return n * n;
}

void expect_squares(std::string const& spec, int count) {
    auto const squares = make_executor(spec).map(wait_and_square, std::views::iota(0, count));
    for (int n = 0; n < count; ++n)
        ASSERT_EQ(squares[static_cast<std::size_t>(n)], n * n) << spec;
}

TEST(limits_of_tasks, make_threads_wait_for_their_turn) {
    LIMIT_TASKS(limit, 5);
    expect_squares("threads:each", 50);
}

TEST(limits_of_tasks, make_processes_wait_for_their_turn) {
    if (!with_processes) GTEST_SKIP() << "no processes under this sanitizer";
    LIMIT_TASKS(limit, 5);
    expect_squares("processes:each", 50);
}

TEST(limits_of_tasks, fail_processes_that_can_never_begin) {
    if (!with_processes) GTEST_SKIP() << "no processes under this sanitizer";
    LIMIT_TASKS(limit, 2);  // the process that forks, and the thread that looks after it
    auto const outcomes = make_executor("processes:each").try_map(wait_and_square, std::vector{1, 2, 3});
    for (auto const& each : outcomes) {
        ASSERT_FALSE(each.has_value());
        EXPECT_EQ(each.error().message, "no process could be forked: Resource temporarily unavailable");
    }
}

TEST(limits_of_tasks, refuse_a_pool_and_leave_nothing) {
    std::vector<std::string> specs{"threads:10"};
    if (with_processes) specs.push_back("processes:10");
    LIMIT_TASKS(limit, 5);
    auto const threads = own_threads();
    for (auto const& spec : specs) {
        EXPECT_THROW(make_executor(spec), std::system_error) << spec;
        EXPECT_TRUE(are_no_more_threads_than(threads));
        EXPECT_TRUE(children_of(getpid()).empty());
    }
}

TEST(limits_of_tasks, let_an_event_loop_fail_what_needs_a_thread) {
    LIMIT_TASKS(limit, 1);  // the loop's thread
    auto executor = make_executor("async:2", {.files = file_backend::automatic});
    auto const body = [](context& ctx, int n) -> task<int> {
        if (n == 1) co_return co_await ctx.offload([] { return 1; });
        co_await ctx.sleep_for(1ms);
        co_return n;
    };
    auto const outcomes = executor.try_map(body, std::vector{0, 1, 2});
    EXPECT_EQ(outcomes[0].value(), 0);
    EXPECT_FALSE(outcomes[1].has_value());
    EXPECT_EQ(outcomes[2].value(), 2);
}

}  // namespace
}  // namespace quartet::faults::limits_test
