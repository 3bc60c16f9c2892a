// A worker that dies in whatever way costs the task that it was running, and nothing else.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/faults/checks.hpp"
#include "tests/waiting.hpp"

#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <numeric>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>

namespace quartet::faults::deaths_test {
namespace {

using conformance::sanitized;
using conformance::shared;
using conformance::shared_counter;
using conformance::shared_reference;
using conformance::wait_until;
using namespace std::chrono_literals;

class deaths : public testing::TestWithParam<std::string> {
protected:
    executor make() { return make_executor(GetParam()); }
    static void expect_to_work(executor& pool) {
        EXPECT_EQ(pool.map([](int n) { return n * n; }, std::vector{1, 2, 3, 4, 5}),
                  (std::vector{1, 4, 9, 16, 25}));
    }
};
std::string name_of(testing::TestParamInfo<std::string> const& spec) {
    std::string name = spec.param;
    std::ranges::replace_if(
        name, [](char each) { return each == ':' || each == '+'; }, '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(models, deaths, testing::Values("processes:1", "processes:3", "processes:each"),
                         name_of);

class deaths_in_a_pool : public deaths {};
INSTANTIATE_TEST_SUITE_P(models, deaths_in_a_pool, testing::Values("processes:1", "processes:3"), name_of);

/// Dies by a signal even where a sanitizer has a handler for it.
[[noreturn]] void die_by(int signal_number) {
    signal(signal_number, SIG_DFL);
    raise(signal_number);
    _exit(99);
}

struct way_to_die {
    void (*die)();
    death expected;
};

way_to_die const ways[] = {
    {[] { die_by(SIGKILL); }, {.signal = SIGKILL, .words = "was killed by SIGKILL (Killed)"}},
    {[] { die_by(SIGSEGV); }, {.signal = SIGSEGV, .words = "was killed by SIGSEGV (Segmentation fault)"}},
    {[] { std::abort(); }, {.signal = SIGABRT, .words = "was killed by SIGABRT (Aborted)"}},
    {[] { _exit(3); }, {.exit_code = 3, .words = "exited with code 3"}},
    {[] { _exit(0); }, {.exit_code = 0, .words = "exited with code 0"}},
    {[] { std::_Exit(255); }, {.exit_code = 255, .words = "exited with code 255"}},
};

TEST_P(deaths, cost_one_task) {
    auto executor = make();
    for (auto const& way : ways) {
        auto const body = [die = way.die](int n) {
            if (n == 5) die();
            return n * n;
        };
        std::vector<int> inputs(40);
        std::iota(inputs.begin(), inputs.end(), 0);
        auto const outcomes = executor.try_map(body, inputs);
        for (std::size_t n = 0; n < inputs.size(); ++n) {
            if (n == 5) {
                ASSERT_FALSE(outcomes[n].has_value());
                EXPECT_TRUE(is_death(outcomes[n].error(), 5, way.expected));
                EXPECT_THROW(outcomes[n].value(), task_error);
            } else {
                ASSERT_TRUE(outcomes[n].has_value()) << n << ": " << outcomes[n].error().message;
                EXPECT_EQ(*outcomes[n], inputs[n] * inputs[n]);
            }
        }
        expect_to_work(executor);
    }
}

TEST_P(deaths, of_exit_run_no_further_task) {
    auto const outcomes = make().try_map(
        [](int n) {
            if (n == 1) std::exit(3);
            return n;
        },
        std::vector{0, 1, 2});
    EXPECT_EQ(outcomes[0].value(), 0);
    EXPECT_TRUE(is_death(outcomes[1].error(), 1, {.exit_code = 3, .words = "exited with code 3"}));
    EXPECT_EQ(outcomes[2].value(), 2);
}

TEST_P(deaths, of_every_worker_cost_every_task_and_no_more) {
    auto executor = make();
    auto const outcomes = executor.try_map([](int) -> int { die_by(SIGKILL); }, std::vector<int>(60));
    for (std::size_t n = 0; n < outcomes.size(); ++n) {
        ASSERT_FALSE(outcomes[n].has_value());
        EXPECT_TRUE(is_death(outcomes[n].error(), n, {.signal = SIGKILL, .words = "SIGKILL"}));
    }
    expect_to_work(executor);
}

TEST_P(deaths, stop_the_others_if_asked_to) {
    auto const body = [](context& ctx, int n) -> task<void> {
        if (n == 0) die_by(SIGKILL);
        for (;;)
            co_await ctx.sleep_for(1h);
    };
    auto const outcomes = make().try_map(body, std::vector{0, 1, 2, 3}, {.failure = on_failure::stop_all});
    EXPECT_EQ(outcomes[0].error().why, cause::worker_died);
    for (std::size_t n = 1; n < 4; ++n)
        EXPECT_EQ(outcomes[n].error().why, cause::cancelled) << n;
}

TEST_P(deaths, name_the_memory_of_the_worker) {
    constexpr std::size_t much = std::size_t{200} << 20;
    auto const body = [](std::size_t bytes) -> int {
        std::string const held(bytes, 'x');
        die_by(held.find('y') == held.npos ? SIGKILL : SIGTERM);
    };
    auto const outcomes = make().try_map(body, std::vector{much, std::size_t{1}});
    EXPECT_GE(outcomes[0].error().worker_peak_bytes, much) << outcomes[0].error().message;
    EXPECT_GT(outcomes[1].error().worker_peak_bytes, 0u);
    // A sanitizer's own memory counts too.
    EXPECT_TRUE(sanitized || outcomes[1].error().worker_peak_bytes < much);
    EXPECT_NE(outcomes[0].error().message.find(" MiB at its peak"), std::string::npos);
}

TEST_P(deaths, by_a_failure_elsewhere_take_the_grace_time_and_no_more) {
    auto const body = [](int n) -> int {
        if (n == 0) throw std::runtime_error("first");
        for (;;)
            pause();
    };
    auto const outcomes = make().try_map(body, std::vector{0, 1}, {.failure = on_failure::stop_all});
    EXPECT_EQ(outcomes[0].error().message, "first");
    EXPECT_EQ(outcomes[1].error().why, cause::cancelled);
}

TEST_P(deaths_in_a_pool, come_after_so_many_tasks_if_asked_for) {
    auto executor = make_executor(GetParam(), {.recycle_after = 3});
    std::vector<pid_t> const workers = executor.map([](int) { return getpid(); }, std::vector<int>(30));
    for (pid_t const each : workers)
        EXPECT_LE(std::ranges::count(workers, each), 3);
    expect_to_work(executor);
}

TEST_P(deaths_in_a_pool, of_idle_workers_cost_nothing) {
    auto executor = make();
    auto const who = [](int) {
        std::this_thread::sleep_for(2ms);
        return getpid();
    };
    for (int round = 0; round < 10; ++round) {
        for (pid_t const worker : executor.map(who, std::vector<int>(12)))
            kill(worker, SIGKILL);
        if (round % 2)
            std::this_thread::sleep_for(5ms);  // sometimes the fork server has told of it, sometimes not
    }
    expect_to_work(executor);
}

constexpr std::size_t most_tasks = 10'000;

/// What bodies tell the killer and the test.
struct blackboard {
    std::array<std::atomic<pid_t>, 8> workers;
    std::array<std::atomic<std::uint8_t>, most_tasks> begun;
    std::array<std::atomic<std::uint8_t>, most_tasks> ended;
};

class deaths_by_a_killer : public deaths {};
INSTANTIATE_TEST_SUITE_P(models, deaths_by_a_killer,
                         testing::Values("processes:1", "processes:3", "processes:2+async:20"), name_of);

TEST_P(deaths_by_a_killer, lose_only_what_was_running) {
    shared<blackboard> board;
    auto executor = make();
    auto const body = [board = &board](context& ctx, std::size_t n) -> task<std::size_t> {
        ++board->begun[n];
        board->workers[ctx.where().number] = getpid();
        co_await ctx.sleep_for(100us);
        ++board->ended[n];
        co_return n + 1;
    };
    std::atomic<std::size_t> kills = 0;
    std::jthread const killer([&](std::stop_token const& done) {
        for (std::size_t turn = 0; !done.stop_requested(); ++turn) {
            std::this_thread::sleep_for(std::chrono::microseconds(1000 + turn % 7 * 300));
            pid_t const victim = board->workers[turn % board->workers.size()].exchange(0);
            if (victim > 0 && kill(victim, SIGKILL) == 0) ++kills;
        }
    });
    std::size_t lost = 0;
    while (lost <= 5) {  // a busy machine may hold up the killer
        auto const outcomes = executor.try_map(body, std::views::iota(std::size_t{0}, most_tasks));
        for (std::size_t n = 0; n < most_tasks; ++n) {
            ASSERT_LE(board->begun[n].exchange(0), 1) << "task " << n << " ran twice";
            bool const ended = board->ended[n].exchange(0) == 1;
            if (outcomes[n]) {
                ASSERT_EQ(*outcomes[n], n + 1);
                ASSERT_TRUE(ended);
            } else {
                ++lost;
                ASSERT_TRUE(is_death(outcomes[n].error(), n, {.signal = SIGKILL, .words = "SIGKILL"}));
            }
        }
    }
    std::size_t const in_flight = GetParam().find("async:20") == std::string::npos ? 1 : 20;
    EXPECT_LE(lost, (kills + 1) * in_flight);  // one may have been killed after the last count
}

TEST_P(deaths, of_the_fork_server_end_the_run_but_not_the_executor) {
    auto executor = make();
    for (int round = 0; round < 3; ++round) {
        auto const body = [](int n) {
            if (n == 3) {
                kill(getppid(), SIGKILL);
                std::this_thread::sleep_for(1h);
            }
            return n;
        };
        auto const outcomes = executor.try_map(body, std::vector{0, 1, 2, 3, 4, 5, 6, 7});
        for (std::size_t n = 0; n < outcomes.size(); ++n) {
            if (outcomes[n]) {
                EXPECT_EQ(*outcomes[n], static_cast<int>(n));
            } else {
                EXPECT_EQ(outcomes[n].error().why, cause::worker_died);
                EXPECT_EQ(outcomes[n].error().message,
                          "the process that forks the workers ended, and the workers with it");
            }
        }
        EXPECT_FALSE(outcomes[3].has_value());
        expect_to_work(executor);
    }
}

TEST_P(deaths, of_an_idle_fork_server_cost_nothing) {
    auto executor = make();
    for (int round = 0; round < 5; ++round) {
        pid_t const fork_server = executor.map([](int) { return getppid(); }, std::vector{0})[0];
        kill(fork_server, SIGKILL);
        wait_until([&] { return !runs(fork_server); });
        EXPECT_EQ(executor.map([](int n) { return n + 1; }, std::vector{1, 2}), (std::vector{2, 3}));
    }
}

/// A child of the program that lives on, with copies of all its descriptors; by the system call alone, of
/// which no handler for forks hears.
pid_t fork_a_holder() {
    auto const holder = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    if (holder != 0) return holder;
    alarm(200);
    for (;;)
        pause();
}

std::atomic<bool> holds_next_fork = false;
std::atomic<pid_t> holder_of_fork = 0;

void hold_before_fork() {
    if (holds_next_fork.exchange(false)) holder_of_fork = fork_a_holder();
}

/// Between the making of the socket and the fork of the fork server another thread may fork.
TEST_P(deaths, of_the_fork_server_are_seen_though_another_has_its_socket) {
    static int const registered = pthread_atfork(hold_before_fork, nullptr, nullptr);
    ASSERT_EQ(registered, 0);
    holds_next_fork = true;
    auto executor = make();
    auto const body = [](int) {
        kill(getppid(), SIGKILL);
        std::this_thread::sleep_for(1h);
    };
    auto const begin = std::chrono::steady_clock::now();
    auto const outcomes = executor.try_map(body, std::vector{1});
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 100s) << "its holder was waited for";
    kill(holder_of_fork, SIGKILL);
    waitpid(holder_of_fork, nullptr, 0);
    ASSERT_FALSE(outcomes[0]);
    EXPECT_EQ(outcomes[0].error().why, cause::worker_died);
    expect_to_work(executor);
}

struct family {
    std::atomic<pid_t> holder;
    std::atomic<pid_t> fork_server;
    std::atomic<std::size_t> workers;
    std::array<std::atomic<pid_t>, 8> worker;
};

/// Also where a child of the caller's lives on.
TEST_P(deaths, of_the_caller_leave_no_process) {
    shared<family> others;
    pid_t const caller = fork();
    if (caller == 0) {
        auto executor = make();
        others->holder = fork_a_holder();
        auto const body = [others = &others](int) {
            others->fork_server = getppid();
            others->worker[others->workers++] = getpid();
            std::this_thread::sleep_for(1h);
        };
        executor.try_map(body, std::vector<int>(4));
        _exit(0);
    }
    std::size_t const expected = GetParam() == "processes:1" ? 1 : 3;
    wait_until([&] { return others->workers >= expected; });
    kill(caller, SIGKILL);
    waitpid(caller, nullptr, 0);
    auto const any_left = [&] {
        bool left = runs(others->fork_server);
        for (auto const& each : others->worker)
            left = left || (each > 0 && runs(each));
        return left;
    };
    EXPECT_TRUE(test::comes_true([&] { return !any_left(); }));
    kill(others->holder, SIGKILL);
}

}  // namespace
}  // namespace quartet::faults::deaths_test
