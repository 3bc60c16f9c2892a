// Locks and limits between processes when processes are killed at any moment: nobody else hangs, nothing is
// held by the dead, and whoever gets what they had is told.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/faults/checks.hpp"

#include <quartet/quartet.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <functional>
#include <memory>
#include <random>
#include <ranges>
#include <string>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::faults::sync_faults_test {
namespace {

using conformance::sanitized;
using conformance::shared;
using conformance::shared_counter;
using conformance::wait_until;
using namespace std::chrono_literals;

/// A process that does something and then waits to be killed.
class victim {
public:
    explicit victim(std::function<void()> does)
        : process_([does = std::move(does), done = &done_] {
              does();
              ++*done;
              for (;;)
                  pause();
          }) {
        process_.start();
    }
    /// Until it has done it.
    void wait() {
        wait_until([&] { return *done_ > 0; });
    }
    void kill() {
        process_.kill();
        process_.join();
    }
    pid_t pid() const { return process_.pid(); }

private:
    shared_counter done_;
    process process_;
};

/// A process that has locked it, or acquired a permit, and does not give it back.
void hold(mutex& what) {
    static mutex_lock held;
    held = what.lock();
}
void hold(semaphore& what) {
    static semaphore_permit held;
    held = what.acquire();
}

// ---- mutex

TEST(killed_holders, of_a_mutex_leave_it_to_who_tries_and_tell_him) {
    mutex lock(between_processes{});
    victim holder([&] { hold(lock); });
    holder.wait();
    EXPECT_TRUE(lock.locked());
    EXPECT_FALSE(lock.try_lock());
    EXPECT_FALSE(lock.lock_for(1ms));
    holder.kill();
    {
        auto const held = lock.try_lock();
        ASSERT_TRUE(held);
        EXPECT_TRUE(held->owner_died());
    }
    EXPECT_FALSE(lock.lock().owner_died()) << "only the next one is told";
}

TEST(killed_holders, of_a_mutex_leave_it_to_who_waits_on_a_thread_and_on_a_loop) {
    mutex lock(between_processes{});
    shared_counter waiting;
    auto executor = make_executor("async");
    for (bool const on_loop : {false, true}) {
        victim holder([&] { hold(lock); });
        holder.wait();
        std::jthread const killer([&, before = waiting->load()] {
            wait_until([&] { return *waiting > before; });
            std::this_thread::sleep_for(5ms);
            holder.kill();
        });
        if (on_loop) {
            auto const body = [&](context& ctx, int) -> task<bool> {
                ++*waiting;
                auto const held = co_await lock.lock(ctx);
                co_return held.owner_died();
            };
            EXPECT_TRUE(executor.map(body, std::vector{0})[0]);
        } else {
            ++*waiting;
            EXPECT_TRUE(lock.lock().owner_died());
        }
    }
    EXPECT_FALSE(lock.locked());
}

TEST(killed_holders, in_workers_leave_it_to_other_workers) {
    mutex lock(between_processes{});
    shared_counter told;
    auto executor = make_executor("processes:3");
    auto const body = [&lock, told = &told](context& ctx, int n) -> task<void> {
        for (int round = 0; round < 10; ++round) {
            auto const held = co_await lock.lock(ctx);
            *told += held.owner_died();
            if (n % 3 == 0 && round == 5) std::raise(SIGKILL);
        }
    };
    std::size_t killed = 0;
    for (auto const& each : executor.try_map(body, std::views::iota(0, 9))) {
        if (each) continue;
        EXPECT_EQ(each.error().signal, SIGKILL);
        ++killed;
    }
    EXPECT_EQ(killed, 3u);
    *told += lock.lock().owner_died();
    EXPECT_EQ(*told, 3u);
}

TEST(killed_waiters, get_no_lock) {
    mutex lock(between_processes{});
    for (int round = 0; round < 5; ++round) {
        auto held = lock.lock();
        shared_counter begun;
        process waiting([&] {
            ++*begun;
            static_cast<void>(lock.lock());
        });
        waiting.start();
        wait_until([&] { return *begun > 0; });
        std::this_thread::sleep_for(std::chrono::milliseconds(round));
        if (round % 2 == 0) {
            waiting.kill();
            waiting.join();
        }
        held.unlock();  // to one that is dead, or about to be
        waiting.kill();
        waiting.join();
        auto const next = lock.lock_for(100s);
        ASSERT_TRUE(next);
    }
}

/// Two numbers that are equal whenever nobody has the lock, unless its owner died.
struct pair_of_numbers {
    std::atomic<std::size_t> first{0};
    std::atomic<std::size_t> second{0};
    std::atomic<std::size_t> torn{0};
    std::atomic<std::size_t> mended{0};
};

void count(mutex_lock const& held, pair_of_numbers& both) {
    if (both.first != both.second) {
        ++(held.owner_died() ? both.mended : both.torn);
        both.second = both.first.load();
    }
    ++both.first;
    ++both.second;
}

void count_blocking(mutex& lock, pair_of_numbers& both) {
    for (;;)
        count(lock.lock(), both);
}

void count_on_a_loop(mutex& lock, pair_of_numbers& both) {
    auto const body = [&](context& ctx, int) -> task<void> {
        for (;;) {
            auto const held = co_await lock.lock(ctx);
            count(held, both);
            co_await ctx.yield();
        }
    };
    make_executor("async").map(body, std::vector<int>(3));
}

class kills_around_locks : public testing::TestWithParam<void (*)(mutex&, pair_of_numbers&)> {};
INSTANTIATE_TEST_SUITE_P(lockers, kills_around_locks, testing::Values(&count_blocking, &count_on_a_loop),
                         [](auto const& each) {
                             return each.param == &count_blocking ? "blocking" : "on_a_loop";
                         });

TEST_P(kills_around_locks, at_random_moments_hold_nobody_up_and_tear_nothing_unsaid) {
    mutex lock(between_processes{});
    shared<pair_of_numbers> both;
    auto const start = [&](bool blocking) {
        auto child = std::make_unique<process>(
            [&, blocking] { blocking ? count_blocking(lock, *both) : GetParam()(lock, *both); });
        child->start();
        return child;
    };
    std::vector<std::unique_ptr<process>> running;
    for (bool const blocking : {true, false, false})
        running.push_back(start(blocking));
    std::mt19937 random(11);
    int const rounds = sanitized ? 20 : 80;
    for (int round = 0; round < rounds; ++round) {
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
        std::size_t const which = random() % running.size();
        running[which]->kill();
        running[which]->join();
        running[which] = start(which == 0);
        std::size_t const reached = both->second;
        wait_until([&] { return both->second > reached + 10; });
    }
    for (auto& each : running) {
        each->kill();
        each->join();
    }
    auto const held = lock.lock_for(100s);
    ASSERT_TRUE(held);
    EXPECT_EQ(both->torn, 0u);
}

/// Runs `unlock` in a process that is killed after so many instructions; how many it made, 0 if it may not be
/// traced.
std::size_t run_steps(auto const& begin, auto const& does, std::size_t most) {
    pid_t const traced = fork();
    if (traced == 0) {
        if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(1);
        begin();
        raise(SIGSTOP);
        does();
        _exit(0);
    }
    std::size_t steps = 0;
    int status = 0;
    while (waitpid(traced, &status, 0) == traced && WIFSTOPPED(status) && steps < most) {
        ptrace(PTRACE_SINGLESTEP, traced, nullptr, nullptr);
        ++steps;
    }
    if (WIFSTOPPED(status)) {
        ::kill(traced, SIGKILL);
        waitpid(traced, &status, 0);
    }
    return steps;
}

TEST(steps, of_an_unlock_that_is_killed_leave_nobody_waiting) {
    mutex lock(between_processes{});
    static mutex_lock held;
    auto const take = [&] { held = lock.lock(); };
    auto const unlock = [] { held.unlock(); };
    std::size_t const all = run_steps(take, unlock, ~std::size_t{0});
    if (all == 0) GTEST_SKIP() << "processes can't be traced here";
    // The waiter is in a process of its own and counts the locks that it has got.
    shared_counter got;
    process waiter([&] {
        for (;;) {
            auto const mine = lock.lock();
            ++*got;
            std::this_thread::sleep_for(50us);
        }
    });
    waiter.start();
    std::size_t const kills = sanitized ? 10 : 60;
    for (std::size_t most = 1; most < all; most += std::max<std::size_t>(all / kills, 1)) {
        run_steps(take, unlock, most);
        std::size_t const reached = *got;
        wait_until([&] { return *got > reached + 1; });
    }
    waiter.kill();
    waiter.join();
    EXPECT_TRUE(lock.lock_for(100s));
}

// ---- semaphore

TEST(killed_holders, of_permits_leave_them_to_others) {
    semaphore limit(2, between_processes{});
    victim one([&] { hold(limit); });
    victim other([&] { hold(limit); });
    one.wait();
    other.wait();
    EXPECT_EQ(limit.available(), 0u);
    EXPECT_FALSE(limit.try_acquire());
    one.kill();
    EXPECT_EQ(limit.available(), 1u);
    {
        auto const permit = limit.acquire();
        EXPECT_TRUE(permit.owner_died());
        EXPECT_FALSE(limit.try_acquire());
        other.kill();
        auto const second = limit.try_acquire();
        ASSERT_TRUE(second);
        EXPECT_TRUE(second->owner_died());
    }
    EXPECT_FALSE(limit.acquire().owner_died());
    EXPECT_EQ(limit.available(), 2u);
}

TEST(killed_holders, of_permits_at_random_moments_lose_none) {
    semaphore limit(2, between_processes{});
    shared_counter got;
    auto const start = [&] {
        auto child = std::make_unique<process>([&] {
            for (unsigned round = 0;; ++round) {
                auto const permit = limit.acquire_for(std::chrono::microseconds(round % 500));
                *got += permit.has_value();
            }
        });
        child->start();
        return child;
    };
    std::vector<std::unique_ptr<process>> running;
    for (int n = 0; n < 4; ++n)
        running.push_back(start());
    std::mt19937 random(3);
    for (int round = 0; round < (sanitized ? 15 : 60); ++round) {
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 2000));
        auto& which = running[random() % running.size()];
        which->kill();
        which->join();
        which = start();
        std::size_t const reached = *got;
        wait_until([&] { return *got > reached + 5; });
    }
    for (auto& each : running) {
        each->kill();
        each->join();
    }
    EXPECT_EQ(limit.available(), 2u);
}

TEST(copies_of_holders, give_nothing_back) {
    mutex lock(between_processes{});
    auto held = lock.lock();
    process child([&] { held.unlock(); });
    child.start();
    child.join();
    EXPECT_EQ(child.exit_code(), 0);
    EXPECT_TRUE(lock.locked());
    held.unlock();
    EXPECT_FALSE(lock.locked());
}

// ---- event

TEST(events_between_processes, are_heard_of_though_a_waiter_was_killed) {
    event ready(between_processes{});
    shared_counter waiting;
    victim gone([&] {
        ++*waiting;
        ready.wait_for(1ms);
    });
    process killed([&] {
        ++*waiting;
        ready.wait();
    });
    process heard([&] {
        ++*waiting;
        ready.wait();
        return 7;
    });
    killed.start();
    heard.start();
    wait_until([&] { return *waiting == 3; });
    killed.kill();
    killed.join();
    gone.kill();
    ready.set();
    EXPECT_TRUE(heard.join_for(200s));
    EXPECT_EQ(heard.exit_code(), 7);
}

TEST(steps, of_a_set_that_is_killed_leave_nobody_waiting_beside_it) {
    event ready(between_processes{});
    auto const set = [&] { ready.set(); };
    std::size_t const all = run_steps([] {}, set, ~std::size_t{0});
    if (all == 0) GTEST_SKIP() << "processes can't be traced here";
    ready.reset();
    shared_counter heard;
    process waiter([&] {
        for (;;) {
            ready.wait();
            ready.reset();
            ++*heard;
        }
    });
    waiter.start();
    std::size_t const kills = sanitized ? 10 : 60;
    for (std::size_t most = 1; most < all; most += std::max<std::size_t>(all / kills, 1)) {
        std::size_t const before = *heard;
        run_steps([] {}, set, most);
        if (ready.is_set()) wait_until([&] { return *heard > before; });
        wait_until([&] { return !ready.is_set(); });
    }
    waiter.kill();
    waiter.join();
}

// ---- barrier

std::string wait_at(barrier& where) {
    try {
        where.arrive_and_wait();
        return "passed";
    } catch (barrier_broken const&) {
        return "broken";
    }
}

TEST(killed_participants, of_a_barrier_that_wait_break_it) {
    barrier all(3, between_processes{});
    process waits([&] { all.arrive_and_wait(); });
    waits.start();
    wait_until([&] { return all.waiting() == 1; });
    std::jthread const killer([&] {
        wait_until([&] { return all.waiting() == 2; });
        waits.kill();
        waits.join();
    });
    EXPECT_EQ(wait_at(all), "broken");
    EXPECT_EQ(wait_at(all), "broken");
    all.reset();
    EXPECT_FALSE(all.arrive_and_wait_for(100ms));
    EXPECT_FALSE(all.broken());
}

TEST(killed_participants, of_a_barrier_break_it_between_two_rounds) {
    for (bool const on_loop : {false, true}) {
        barrier both(2, between_processes{});
        victim other([&] {
            both.arrive_and_wait();
            both.arrive_and_wait();
        });
        auto const take_part = [&] {
            EXPECT_EQ(wait_at(both), "passed");
            EXPECT_EQ(wait_at(both), "passed");
            other.wait();
            other.kill();
        };
        if (on_loop) {
            auto const body = [&](context& ctx, int) -> task<std::string> {
                take_part();
                try {
                    co_await both.arrive_and_wait(ctx);
                    co_return "passed";
                } catch (barrier_broken const&) {
                    co_return "broken";
                }
            };
            EXPECT_EQ(make_executor("async").map(body, std::vector{0})[0], "broken");
        } else {
            take_part();
            EXPECT_EQ(wait_at(both), "broken");
        }
        EXPECT_TRUE(both.broken());
    }
}

TEST(killed_participants, of_earlier_rounds_are_not_missed_by_others) {
    barrier all(3, between_processes{});
    auto const body = [&all](context& ctx, int n) -> task<void> {
        for (int round = 0; round < 5; ++round) {
            if (n == 0) co_await ctx.sleep_for(round == 0 ? 120ms : 0ms);  // the others look meanwhile
            co_await all.arrive_and_wait(ctx);
        }
    };
    for (int run = 0; run < 2; ++run)
        EXPECT_NO_THROW(make_executor("processes:3").map(body, std::vector{0, 1, 2})) << run;
    EXPECT_NO_THROW(make_executor("processes:each").map(body, std::vector{0, 1, 2}));
    EXPECT_FALSE(all.broken());
}

// ---- rate

TEST(a_rate_between_processes, is_one_for_all_of_them_and_outlives_who_is_killed) {
    rate_limiter limiter(200, 1, between_processes{});
    auto const began = std::chrono::steady_clock::now();
    auto const body = [&limiter](context& ctx, int n) -> task<void> {
        co_await limiter.acquire(ctx);
        if (n == 4) std::raise(SIGKILL);
        co_await limiter.acquire(ctx);
    };
    std::size_t passed = 0;
    for (auto const& each : make_executor("processes:3").try_map(body, std::views::iota(0, 10)))
        passed += each.has_value();
    EXPECT_EQ(passed, 9u);
    EXPECT_GE(std::chrono::steady_clock::now() - began, 18 * 5ms);
    rate_limiter slow(1e-3, 1, between_processes{});
    slow.acquire();
    process waits([&] { slow.acquire(); });
    waits.start();
    std::this_thread::sleep_for(10ms);
    waits.kill();
    waits.join();
    EXPECT_FALSE(slow.acquire_for(1s)) << "it was not taken";
}

TEST(a_rate_by_key_between_processes, is_one_for_all_of_them_and_outlives_who_is_killed) {
    keyed_rate_limiter<int> limiter(200, 1, between_processes{});
    auto const began = std::chrono::steady_clock::now();
    auto const body = [&limiter](context& ctx, int n) -> task<void> {
        co_await limiter.acquire(ctx, 1);
        if (n == 4) std::raise(SIGKILL);
        co_await limiter.acquire(ctx, 1);
    };
    std::size_t passed = 0;
    for (auto const& each : make_executor("processes:3").try_map(body, std::views::iota(0, 10)))
        passed += each.has_value();
    EXPECT_EQ(passed, 9u);
    EXPECT_GE(std::chrono::steady_clock::now() - began, 18 * 5ms);
    keyed_rate_limiter<int> slow(1e-3, 1, between_processes{});
    slow.acquire(1);
    process waits([&] { slow.acquire(1); });
    waits.start();
    std::this_thread::sleep_for(10ms);
    waits.kill();
    waits.join();
    EXPECT_FALSE(slow.acquire_for(1s, 1)) << "it was not taken";
    EXPECT_TRUE(slow.acquire_for(1s, 2)) << "another's is not held up";
}

// ---- where they can be used

std::string message_of(executor& how, auto const& body) {
    auto const outcome = how.try_map(body, std::vector{0}).front();
    return outcome ? "nothing was wrong" : outcome.error().message;
}

TEST(unreachable_locks, are_an_error) {
    mutex within;
    std::unique_ptr<semaphore> late;
    auto executor = make_executor("processes:1");
    late = std::make_unique<semaphore>(1, between_processes{});
    auto const acquire = [s = late.get()](context& ctx, int) -> task<void> {
        auto const permit = co_await s->acquire(ctx);
    };
    EXPECT_THAT(message_of(executor, acquire),
                testing::HasSubstr("this semaphore was made after the process that uses it"));
    auto const lock = [m = &within](context& ctx, int) -> task<void> {
        auto const held = co_await m->lock(ctx);
    };
    EXPECT_THAT(message_of(executor, lock), testing::HasSubstr("this mutex belongs to another process"));
}

TEST(locks_that_go, give_their_descriptors_back) {
    auto const before = open_descriptors();
    for (int round = 0; round < 10; ++round) {
        mutex lock(between_processes{});
        event ready(between_processes{});
        barrier all(2, between_processes{});
        auto const body = [&](context& ctx, int n) -> task<void> {
            auto const held = co_await lock.lock(ctx);
            if (n == 0) ready.set();
            co_await ready.wait(ctx);
        };
        make_executor("async").map(body, std::vector{0, 1});
    }
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace quartet::faults::sync_faults_test
