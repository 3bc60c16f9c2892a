// An executor leaves nothing behind: no descriptor, thread, process or memory.
#include "tests/conformance/models.hpp"
#include "tests/faults/checks.hpp"

#include <quartet/shared_array.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <fstream>
#include <malloc.h>
#include <ranges>
#include <signal.h>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <vector>

namespace quartet::faults::leaks_test {
namespace {

using conformance::any_model;
using conformance::sanitized;
using conformance::temporary_folder;
using namespace std::chrono_literals;

class leaks : public any_model {};
QUARTET_SUITE(leaks, conformance::all_rows());

class leaks_after_deaths : public any_model {};
QUARTET_SUITE(leaks_after_deaths, conformance::rows_with(&model_traits::survives_crash));

/// Uses everything that may keep something.
void use(executor& runs, std::string const& path) {
    auto const body = [](context& ctx, std::string const& each) -> task<int> {
        co_await ctx.sleep_for(1us);
        auto file = co_await ctx.open_file(each, open_mode::append);
        co_await file.append("x");
        co_await ctx.append_file(each, "y");
        co_await ctx.offload([] {});
        ctx.log("line");
        static_cast<void>(ctx.stop_token());
        try {
            co_await ctx.read_file(each + ".absent");
        } catch (std::system_error const&) {
        }
        try {
            co_await ctx.read_file("/proc/self/mem");  // can be opened, but not read at its beginning
        } catch (std::system_error const&) {
        }
        try {
            co_await ctx.fetch("http://127.0.0.1:9/");
        } catch (fetch_error const&) {
        }
        if (each.ends_with('3')) throw std::runtime_error("three");
        co_return 1;
    };
    std::vector<std::string> paths;
    for (int n = 0; n < 5; ++n)
        paths.push_back(path + std::to_string(n));
    runs.try_map(body, paths);
}

struct belongings {
    std::size_t descriptors = open_descriptors();
    std::vector<pid_t> children = children_of(getpid());
    bool operator==(belongings const&) const = default;
    friend void PrintTo(belongings const& each, std::ostream* out) {
        *out << each.descriptors << " descriptors, " << each.children.size() << " children";
    }
};

std::size_t const threads_at_start = own_threads();

TEST_P(leaks, of_nothing_when_an_executor_is_gone) {
    temporary_folder folder;
    {  // what libraries open once and keep
        auto executor = make([](log_record const&) {});
        use(executor, folder / "a");
    }
    belongings const before;
    for (int round = 0; round < 5; ++round) {
        auto executor = make([](log_record const&) {});
        use(executor, folder / "a");
        use(executor, folder / "b");
    }
    EXPECT_EQ(belongings(), before);
    EXPECT_TRUE(are_no_more_threads_than(threads_at_start));
}

/// Each ends with an operation that leaves a descriptor to be closed by nobody but the executor.
void leave_open(executor& runs, std::string const& fifo) {
    auto const read_a_disk = [](context& ctx, int) -> task<std::size_t> {
        co_return (co_await ctx.read_file("/etc/passwd")).size();
    };
    runs.map(read_a_disk, std::vector<int>(8));
    auto const fail_to_read = [](context& ctx, int) -> task<std::size_t> {
        co_return (co_await ctx.read_file("/")).size();
    };
    runs.try_map(fail_to_read, std::vector<int>(2));
    auto const wait_for_nobody = [](context& ctx, std::string const& path) -> task<std::size_t> {
        co_return (co_await ctx.read_file(path)).size();
    };
    runs.try_map(wait_for_nobody, std::vector(2, fifo), {.task_timeout = 1ms});
    auto const drop_open = [](context& ctx, std::string const& path) -> task<std::size_t> {
        auto reading = co_await ctx.open_file("/etc/passwd", open_mode::read);
        auto piped = co_await ctx.open_file(path, open_mode::read);
        auto file = co_await ctx.open_file(path + ".appended", open_mode::append);
        co_await file.append("x");
        co_return (co_await reading.read_at(0, 10)).size();
    };
    runs.map(drop_open, std::vector(2, fifo));
}

/// Each failure would leave the name where it has no ASCII form.
TEST(leaks_of_memory, are_none_of_hosts_that_are_no_names) {
    if (sanitized) GTEST_SKIP() << "a sanitizer keeps what was freed";
    auto executor = make_executor("single");
    auto const fetch_in_vain = [](context& ctx, int) -> task<bool> {
        try {
            co_await ctx.fetch("http://" + std::string(50'000, '\xd0') + "/");
        } catch (fetch_error const& why) {
            co_return why.what_kind() == fetch_error::kind::url;
        }
        co_return false;
    };
    executor.map(fetch_in_vain, std::vector<int>(10));
    auto const before = mallinfo2().uordblks;
    for (bool const refused : executor.map(fetch_in_vain, std::vector<int>(200)))
        EXPECT_TRUE(refused);
    EXPECT_LT(mallinfo2().uordblks, before + 2'000'000);
}

class leaks_of_descriptors : public leaks {};
QUARTET_SUITE(leaks_of_descriptors, conformance::rows_with_real_io());

TEST_P(leaks_of_descriptors, are_none_over_hundreds_of_executors) {
    temporary_folder folder;
    auto const fifo = folder / "fifo";
    mkfifo(fifo.c_str(), 0600);
    bool const forks = GetParam().name.starts_with("processes");
    auto const rounds = sanitized || forks ? 20 : 200;
    {
        auto executor = make([](log_record const&) {});
        leave_open(executor, fifo);
    }
    auto const before = open_descriptors();
    for (int round = 0; round < rounds; ++round) {
        auto executor = make([](log_record const&) {});
        leave_open(executor, fifo);
    }
    EXPECT_EQ(open_descriptors(), before);
}

void kill_the_fork_server(int) {
    kill(getppid(), SIGKILL);
    std::this_thread::sleep_for(1h);  // it takes its workers along
}

TEST_P(leaks_after_deaths, of_nothing_when_an_executor_is_gone) {
    belongings const before;
    {
        auto executor = make();
        for (int round = 0; round < 3; ++round)
            executor.try_map([](int) { raise(SIGKILL); }, std::vector<int>(10));
        executor.try_map(kill_the_fork_server, std::vector<int>(3));
        executor.map([](int) {}, std::vector<int>(3));
    }
    EXPECT_EQ(belongings(), before);
    EXPECT_TRUE(are_no_more_threads_than(threads_at_start));
}

/// Results of 80 kB for each map.
void run_maps(executor& runs, int count) {
    for (int round = 0; round < count; ++round)
        runs.map([](std::size_t n) { return std::string(10'000 + n, 'x'); }, std::views::iota(0u, 8u));
}

/// What is resident of this process in kB, to the page: VmRSS may be off by 256 kB for each thread.
std::ptrdiff_t resident() {
    std::ifstream file("/proc/self/smaps_rollup");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("Rss:")) return std::stol(line.substr(4));
    }
    return 0;
}

/// By how many kB this process grows in so many maps, in the median of eleven rounds: what leaks is in each
/// round, and what is had once in few of them, such as the heap and the stack of one thread more.
std::ptrdiff_t usual_growth(executor& runs, int maps) {
    run_maps(runs, 100);
    std::vector<std::ptrdiff_t> grown;
    for (auto before = resident(); grown.size() < 11;) {
        run_maps(runs, maps);
        auto const now = resident();
        grown.push_back(now - before);
        before = now;
    }
    std::ranges::sort(grown);
    return grown[grown.size() / 2];
}

TEST_P(leaks, of_no_memory_over_a_thousand_maps) {
    if (sanitized)
        GTEST_SKIP() << "a sanitizer keeps freed memory for a while; its own check of leaks is at the end";
    auto executor = make();
    EXPECT_LT(usual_growth(executor, 100), 800) << "in kB; all results together would be 8,000";
}

/// What ends while a body computes is given back, also if its worker has a loop and so others' bodies.
TEST_P(leaks_after_deaths, of_no_memory_while_a_body_computes) {
    if (sanitized) GTEST_SKIP() << "a sanitizer keeps freed memory for a while";
    shared_array<std::atomic<bool>> go_on(1);  // before the workers, so that they share it
    auto executor = make();
    if (executor.concurrency() < 2) GTEST_SKIP() << "one worker has nobody beside it";
    auto const computes = [&go_on = go_on[0]](context& ctx, int) -> task<void> {
        while (!go_on)
            static_cast<void>(ctx.stop_requested());
        co_return;
    };
    auto busy = executor.submit(computes, 0);
    EXPECT_LT(usual_growth(executor, 30), 800) << "in kB; all results together would be 2,400";
    go_on[0] = true;
    busy.get();
}

}  // namespace
}  // namespace quartet::faults::leaks_test
