// A child that a body forks ends where the body does, and is no second worker: it ends no task and begins
// none.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/faults/checks.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <poll.h>
#include <signal.h>
#include <stdexcept>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>

namespace quartet::faults::forked_bodies_test {
namespace {

using conformance::any_model;
using conformance::may_fork_beside_threads;
using conformance::shared;
using conformance::shared_reference;
using namespace std::chrono_literals;

constexpr int tasks = 12;
constexpr int still_there = -1;
using counts = std::array<std::atomic<int>, tasks>;

class forks_in_bodies : public any_model {
protected:
    void SetUp() override {
        if (!may_fork_beside_threads) GTEST_SKIP() << "no fork beside threads under a sanitizer";
    }
};
QUARTET_SUITE(forks_in_bodies, conformance::all_rows());

/// The exit code of a child; still_there if it goes on, and then it is killed.
int end_of(pid_t child) {
    int status = 0;
    for (auto const patience = std::chrono::steady_clock::now() + 100s;;) {
        if (waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
        if (std::chrono::steady_clock::now() > patience) break;
        std::this_thread::sleep_for(1ms);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return still_there;
}

/// By the system call alone, which no handler of the C library sees.
pid_t fork_past_the_library() {
    return static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

/// Every third input forks. In the parent the result is how the child ended.
struct returns {
    shared_reference<counts> begun;
    int operator()(int n) const {
        begun->at(static_cast<std::size_t>(n))++;
        if (n % 3 != 0) return n;
        pid_t const child = n % 2 == 0 ? fork() : fork_past_the_library();
        return child == 0 ? n : end_of(child);
    }
};
struct throws {
    shared_reference<counts> begun;
    int operator()(int n) const {
        begun->at(static_cast<std::size_t>(n))++;
        if (n % 3 != 0) return n;
        pid_t const child = fork();
        if (child == 0) throw std::runtime_error("of a child");
        return end_of(child);
    }
};
struct returns_from_a_coroutine {
    shared_reference<counts> begun;
    task<int> operator()(context& ctx, int n) const {
        begun->at(static_cast<std::size_t>(n))++;
        co_await ctx.yield();
        if (n % 3 != 0) co_return n;
        pid_t const child = fork();
        co_return child == 0 ? n : end_of(child);
    }
};
struct throws_from_a_coroutine {
    shared_reference<counts> begun;
    task<int> operator()(context& ctx, int n) const {
        begun->at(static_cast<std::size_t>(n))++;
        if (n % 2 == 0) co_await ctx.yield();
        if (n % 3 != 0) co_return n;
        pid_t const child = fork();
        if (child == 0) throw std::runtime_error("of a child");
        co_return end_of(child);
    }
};

void expect_one_run_of_each(counts const& begun, std::vector<int> const& results, int code) {
    ASSERT_EQ(results.size(), std::size_t{tasks});
    for (int n = 0; n < tasks; ++n) {
        auto const place = static_cast<std::size_t>(n);
        EXPECT_EQ(begun[place], 1) << n;
        EXPECT_EQ(results[place], n % 3 == 0 ? code : n) << n;
    }
}

std::vector<int> inputs() {
    std::vector<int> all(tasks);
    std::iota(all.begin(), all.end(), 0);
    return all;
}

void clear(counts& begun) {
    for (auto& each : begun)
        each = 0;
}

/// By a map, by submits and by a stream.
template <class Body>
void expect_one_run_of_each(executor& models, shared<counts>& begun, int code) {
    Body const body{&begun};
    clear(*begun);
    expect_one_run_of_each(*begun, models.map(body, inputs()), code);
    clear(*begun);
    std::vector<future<int>> futures;
    for (int const n : inputs())
        futures.push_back(models.submit(body, n));
    std::vector<int> results;
    for (auto& each : futures)
        results.push_back(each.get());
    expect_one_run_of_each(*begun, results, code);
    clear(*begun);
    results.assign(tasks, 0);
    for (auto& each : models.stream(body, inputs()))
        results[each.index] = each.value();
    expect_one_run_of_each(*begun, results, code);
}

TEST_P(forks_in_bodies, end_a_child_that_returns) {
    shared<counts> begun;
    auto executor = make([](log_record const&) {});
    expect_one_run_of_each<returns>(executor, begun, EXIT_SUCCESS);
    expect_one_run_of_each<returns_from_a_coroutine>(executor, begun, EXIT_SUCCESS);
}

TEST_P(forks_in_bodies, end_a_child_that_throws) {
    shared<counts> begun;
    auto executor = make([](log_record const&) {});
    expect_one_run_of_each<throws>(executor, begun, EXIT_FAILURE);
    expect_one_run_of_each<throws_from_a_coroutine>(executor, begun, EXIT_FAILURE);
}

/// On a loop the child can't wait: whatever it came to, it would run what is the parent's. In a blocking
/// context it can.
TEST_P(forks_in_bodies, end_a_child_that_waits) {
    shared<counts> begun;
    auto executor = make([](log_record const&) {});
    auto const body = [places = &begun](context& ctx, int n) -> task<int> {
        places->at(static_cast<std::size_t>(n))++;
        if (n % 3 != 0) {
            co_await ctx.sleep_for(1ms);
            co_return n;
        }
        if (n % 2 == 0) co_await ctx.yield();
        pid_t const child = fork();
        if (child != 0) co_return end_of(child);
        co_await ctx.sleep_for(1ms);
        co_return n;
    };
    auto const results = executor.map(body, inputs());
    for (int n = 0; n < tasks; ++n) {
        auto const place = static_cast<std::size_t>(n);
        EXPECT_EQ((*begun)[place], 1) << n;
        if (n % 3 == 0) {
            EXPECT_NE(results[place], still_there) << n;
        } else {
            EXPECT_EQ(results[place], n);
        }
    }
}

TEST_P(forks_in_bodies, end_a_child_that_has_an_executor_of_its_own) {
    auto executor = make([](log_record const&) {});
    auto const body = [](int n) {
        pid_t const child = fork();
        if (child != 0) return end_of(child);
        auto const squares =
            make_executor("single").map([](int each) { return each * each; }, std::vector{1, 2, n});
        if (squares[2] != n * n) _exit(99);
        return 7;
    };
    EXPECT_EQ(executor.map(body, std::vector{3, 4, 5}), std::vector(3, EXIT_SUCCESS));
}

TEST_P(forks_in_bodies, end_a_child_of_an_offloaded_function) {
    auto executor = make([](log_record const&) {});
    auto const body = [](context& ctx, int n) -> task<int> {
        co_return co_await ctx.offload([n] {
            pid_t const child = fork();
            return child == 0 ? n : end_of(child);
        });
    };
    EXPECT_EQ(executor.map(body, std::vector{3, 4}), std::vector(2, EXIT_SUCCESS));
}

/// The children hold the end of a pipe for as long as they are there.
TEST_P(forks_in_bodies, leave_nothing_that_outlives_the_executor) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    {
        auto executor = make([](log_record const&) {});
        auto const body = [](int n) {
            if (fork() == 0 && n % 2 == 0) throw std::runtime_error("of a child");
            return n;
        };
        EXPECT_TRUE(std::ranges::all_of(executor.try_map(body, inputs()),
                                        [](auto const& each) { return each.has_value(); }));
    }
    close(ends[1]);
    pollfd end{.fd = ends[0], .events = POLLIN, .revents = 0};
    EXPECT_EQ(poll(&end, 1, 100'000), 1) << "a child of a body still runs";
    EXPECT_NE(end.revents & POLLHUP, 0);
    close(ends[0]);
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
}

TEST(a_fork_while_a_worker_begins, ends_where_it_began) {
    if (!may_fork_beside_threads) GTEST_SKIP() << "no fork beside threads under a sanitizer";
    for (std::string const spec : {"single", "threads:2", "threads:each", "async:3", "processes:2",
                                   "processes:each", "processes:2+async:3"}) {
        shared<std::atomic<int>> well;
        shared<std::atomic<int>> runs;
        auto executor = make_executor(spec, {.log = [](log_record const&) {},
                                             .initialize =
                                                 [places = &well] {
                                                     pid_t const child = fork();
                                                     if (child != 0 && end_of(child) == EXIT_SUCCESS)
                                                         ++*places;
                                                 }});
        executor.for_each([places = &runs](int) { ++*places; }, std::vector(10, 1));
        EXPECT_EQ(*runs, 10) << spec;
        EXPECT_GE(*well, 1) << spec;
    }
}

}  // namespace
}  // namespace quartet::faults::forked_bodies_test
