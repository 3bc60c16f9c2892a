// Locks and limits in every model: who holds one holds it alone, across awaits too, and waits end as other
// waits do. What is between processes works under all models, what is within one where bodies share its
// memory.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/conformance/within.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace quartet::conformance::sync_test {
namespace {

using namespace std::chrono_literals;

class sync_suite : public testing::TestWithParam<within_row> {
protected:
    std::unique_ptr<mutex> make_mutex() { return make_one<mutex>(); }
    std::unique_ptr<semaphore> make_semaphore(std::size_t count) { return make_one<semaphore>(count); }
    std::unique_ptr<event> make_event() { return make_one<event>(); }
    std::unique_ptr<barrier> make_barrier(std::size_t expected) { return make_one<barrier>(expected); }
    executor make(task_recorder* recorder = nullptr) { return GetParam().model.make(world_, {}, recorder); }

    fake_world world_;

private:
    template <class T>
    static std::unique_ptr<T> make_one(auto... arguments) {
        if (GetParam().within) return std::make_unique<T>(arguments...);
        return std::make_unique<T>(arguments..., between_processes{});
    }
};
#define QUARTET_SYNC_SUITE(suite, rows)                   \
    GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(suite); \
    INSTANTIATE_TEST_SUITE_P(models, suite, testing::ValuesIn(within_and_between(rows)), name_of_within)

class locks : public sync_suite {};
QUARTET_SYNC_SUITE(locks, all_rows());

/// Threads of the test lock too; the fake knows its own bodies only.
class locks_and_threads : public sync_suite {};
QUARTET_SYNC_SUITE(locks_and_threads, rows_with_real_io());

/// Models that have two bodies or more under way.
class locks_between_bodies : public sync_suite {};
QUARTET_SYNC_SUITE(locks_between_bodies, rows_where([](row const& each) {
                       return each.name != "single" && !each.name.ends_with("_1");
                   }));

class locks_on_a_loop : public sync_suite {};
QUARTET_SYNC_SUITE(locks_on_a_loop, rows_that_interleave());

class locks_under_the_fake : public sync_suite {};
QUARTET_SYNC_SUITE(locks_under_the_fake,
                   rows_where([](row const& each) { return each.name.starts_with("fake"); }));

/// How many are in a place, and how many have been at most.
struct visitors {
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    int visits = 0;  // not atomic: for those who hold a lock

    void enter() {
        int const now = ++inside;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
    }
    void leave() { --inside; }
};

// ---- mutex

TEST_P(locks, are_held_by_one_at_a_time_across_awaits) {
    auto const lock = make_mutex();
    shared<visitors> place;
    auto executor = make();
    auto const body = [&m = *lock, place = &place](context& ctx, int) -> task<void> {
        for (int round = 0; round < 20; ++round) {
            auto const held = co_await m.lock(ctx);
            place->enter();
            int const seen = place->visits;
            co_await ctx.yield();
            if (round % 7 == 0) co_await ctx.sleep_for(100us);
            place->visits = seen + 1;
            place->leave();
        }
    };
    executor.map(body, std::views::iota(0, 12));
    EXPECT_EQ(place->visits, 12 * 20);
    EXPECT_EQ(place->most, 1);
    EXPECT_FALSE(lock->locked());
}

TEST_P(locks, are_given_back_by_a_body_that_throws) {
    auto const lock = make_mutex();
    auto executor = make();
    auto const body = [&m = *lock](context& ctx, int n) -> task<int> {
        auto const held = co_await m.lock(ctx);
        if (n % 2 == 0) throw std::runtime_error("no");
        co_return n;
    };
    auto const outcomes = executor.try_map(body, std::views::iota(0, 6));
    EXPECT_EQ(outcomes[4].error().message, "no");
    EXPECT_EQ(outcomes[5].value(), 5);
    EXPECT_FALSE(lock->locked());
}

TEST_P(locks, can_be_unlocked_before_their_end_and_moved) {
    auto const lock = make_mutex();
    auto executor = make();
    auto const body = [&m = *lock](context& ctx, int) -> task<int> {
        auto first = co_await m.lock(ctx);
        mutex_lock second = std::move(first);
        int found = (first ? 0 : 1) + (second ? 2 : 0) + (m.try_lock() ? 0 : 4);
        second.unlock();
        second.unlock();
        if (auto const third = m.try_lock()) found += 8;
        first = co_await m.lock(ctx);
        mutex other;
        first = co_await other.lock(ctx);  // gives the other one back
        if (m.try_lock()) found += 16;
        co_return found;
    };
    EXPECT_EQ(executor.map(body, std::vector{0}), std::vector{31});
}

TEST_P(locks, are_waited_for_no_longer_than_a_time_limit) {
    auto const lock = make_mutex();
    auto executor = make();
    auto held = lock->lock();
    auto const body = [&m = *lock](context& ctx, int) -> task<bool> {
        for (int round = 0; round < 3; ++round) {
            try {
                auto const got = co_await ctx.with_timeout(5ms, m.lock(ctx));
                co_return false;
            } catch (timed_out const&) {
            }
        }
        co_return true;
    };
    EXPECT_TRUE(executor.map(body, std::vector{0})[0]);
    held.unlock();
    EXPECT_FALSE(lock->locked());
    auto const after = [&m = *lock](context& ctx, int) -> task<bool> {
        co_return static_cast<bool>(co_await ctx.with_timeout(1h, m.lock(ctx)));
    };
    EXPECT_TRUE(executor.map(after, std::vector{0})[0]);
    EXPECT_FALSE(lock->locked());
}

TEST_P(locks, are_waited_for_until_a_stop) {
    auto const lock = make_mutex();
    shared_counter begun;
    std::stop_source source;
    auto executor = make();
    auto held = lock->lock();
    auto const body = [&m = *lock, begun = &begun, source = &source](context& ctx, int) -> task<void> {
        ++*begun;
        if (ctx.where().name.starts_with("fake")) source->request_stop();
        auto const got = co_await m.lock(ctx);
    };
    std::jthread const stopper([&] {
        wait_until([&] { return *begun > 0; });
        std::this_thread::sleep_for(5ms);
        source.request_stop();
    });
    for (auto const& each : executor.try_map(body, std::vector{0, 1}, {.stop = source.get_token()})) {
        ASSERT_FALSE(each.has_value());
        EXPECT_EQ(each.error().why, cause::cancelled) << each.error().message;
    }
    held.unlock();
    EXPECT_FALSE(lock->locked()) << "somebody has it who was stopped";
}

TEST_P(locks, are_waited_for_until_the_limit_of_the_task) {
    auto const lock = make_mutex();
    auto executor = make();
    auto const held = lock->lock();
    auto const outcome = executor.try_map(
        [&m = *lock](context& ctx, int) -> task<void> { auto const got = co_await m.lock(ctx); },
        std::vector{0}, {.task_timeout = 20ms});
    EXPECT_EQ(outcome.front().error().why, cause::timed_out);
}

TEST_P(locks, held_twice_wait_for_a_limit) {
    auto const lock = make_mutex();
    auto executor = make();
    auto const body = [&m = *lock](context& ctx, int) -> task<bool> {
        auto const once = co_await m.lock(ctx);
        try {
            auto const twice = co_await ctx.with_timeout(5ms, m.lock(ctx));
        } catch (timed_out const&) {
            co_return true;
        }
        co_return false;
    };
    EXPECT_TRUE(executor.map(body, std::vector{0})[0]);
    EXPECT_FALSE(lock->locked());
}

TEST_P(locks, serve_bodies_that_are_no_coroutines) {
    auto const lock = make_mutex();
    shared<visitors> place;
    auto executor = make();
    auto const body = [m = lock.get(), place = &place](int) {
        auto const held = m->lock();
        ++place->visits;
    };
    executor.map(body, std::views::iota(0, 100));
    EXPECT_EQ(place->visits, 100);
}

TEST_P(locks_and_threads, go_from_threads_to_bodies_and_back) {
    auto const lock = make_mutex();
    shared<visitors> place;
    auto executor = make();
    {
        std::vector<std::jthread> threads;
        for (int n = 0; n < 3; ++n) {
            threads.emplace_back([&] {
                for (int round = 0; round < 200; ++round) {
                    auto const held = lock->lock();
                    place->enter();
                    ++place->visits;
                    if (round % 50 == 0) std::this_thread::sleep_for(100us);
                    place->leave();
                }
            });
        }
        auto const body = [&m = *lock, place = &place](context& ctx, int) -> task<void> {
            for (int round = 0; round < 100; ++round) {
                auto const held = co_await m.lock(ctx);
                place->enter();
                ++place->visits;
                if (round % 50 == 0) co_await ctx.sleep_for(100us);
                place->leave();
            }
        };
        executor.map(body, std::views::iota(0, 4));
    }
    EXPECT_EQ(place->visits, 3 * 200 + 4 * 100);
    EXPECT_EQ(place->most, 1);
    EXPECT_FALSE(lock->locked());
}

TEST_P(locks_on_a_loop, go_to_those_who_wait_in_their_order) {
    auto const lock = make_mutex();
    std::vector<int> came;
    std::vector<int> went;
    auto executor = make();
    auto const body = [&m = *lock, came = &came, went = &went](context& ctx, int n) -> task<void> {
        for (int round = 0; round < 10; ++round) {
            came->push_back(n);
            auto const held = co_await m.lock(ctx);
            went->push_back(n);
            for (int turn = 0; turn < n % 3; ++turn)
                co_await ctx.yield();
        }
    };
    executor.map(body, std::views::iota(0, 20));
    EXPECT_EQ(went.size(), 200u);
    EXPECT_EQ(went, came);
}

TEST_P(locks_on_a_loop, pass_on_from_one_who_was_cancelled_when_it_had_got_it) {
    auto const lock = make_mutex();
    bool handed_over = false;
    auto executor = make();
    auto const body = [&m = *lock, handed_over = &handed_over](context& ctx, int who) -> task<int> {
        if (who == 1) {
            auto const held = co_await m.lock(ctx);
            co_return *handed_over ? 1 : 0;
        }
        auto held = co_await m.lock(ctx);
        auto const unlock = [](context& within, mutex_lock& mine, bool& done) -> task<void> {
            co_await within.yield();
            co_await within.yield();
            mine.unlock();  // the other child has it now, and is cancelled by the end of this one
            done = true;
        };
        auto const first = co_await when_any(m.lock(ctx), unlock(ctx, held, *handed_over));
        co_return static_cast<int>(first.index());
    };
    EXPECT_EQ(executor.map(body, std::vector{0, 1}), (std::vector{1, 1}));
    EXPECT_FALSE(lock->locked());
}

TEST_P(locks_on_a_loop, let_others_run_while_a_body_waits) {
    auto const lock = make_mutex();
    bool ready = false;
    auto executor = make();
    auto const body = [&m = *lock, ready = &ready](context& ctx, int who) -> task<void> {
        auto const held = co_await m.lock(ctx);
        if (who == 1) {
            *ready = true;
            co_return;
        }
        co_await ctx.sleep_for(1ms);
        co_await ctx.offload([] {});
    };
    executor.map(body, std::vector{0, 1});
    EXPECT_TRUE(ready);
}

TEST_P(locks_under_the_fake, say_so_when_nothing_can_happen) {
    auto const left = make_mutex();
    auto const right = make_mutex();
    auto const body = [&l = *left, &r = *right](context& ctx, int who) -> task<void> {
        auto const first = co_await (who == 0 ? l : r).lock(ctx);
        co_await ctx.sleep_for(1s);
        auto const second = co_await (who == 0 ? r : l).lock(ctx);
    };
    auto const outcomes = make().try_map(body, std::vector{0, 1});
    EXPECT_TRUE(std::ranges::any_of(outcomes, [](auto const& each) {
        return !each && each.error().message.find("nothing else can happen") != std::string::npos;
    }));
    EXPECT_FALSE(left->locked() || right->locked());
}

// ---- semaphore

TEST_P(locks, with_several_permits_let_as_many_in) {
    auto const limit = make_semaphore(3);
    shared<visitors> place;
    auto executor = make();
    auto const body = [&s = *limit, place = &place](context& ctx, int) -> task<void> {
        for (int round = 0; round < 10; ++round) {
            auto const permit = co_await s.acquire(ctx);
            place->enter();
            co_await ctx.sleep_for(100us);
            place->leave();
        }
    };
    executor.map(body, std::views::iota(0, 15));
    EXPECT_GE(place->most, 1);
    EXPECT_LE(place->most, 3);
    EXPECT_EQ(limit->available(), 3u);
}

TEST_P(locks_on_a_loop, with_several_permits_let_all_of_them_in_at_once) {
    auto const limit = make_semaphore(3);
    shared<visitors> place;
    auto executor = make();
    auto const body = [&s = *limit, place = &place](context& ctx, int) -> task<void> {
        auto const permit = co_await s.acquire(ctx);
        place->enter();
        co_await ctx.sleep_for(1ms);
        place->leave();
    };
    executor.map(body, std::views::iota(0, 12));
    EXPECT_EQ(place->most, 3);
}

TEST_P(locks, with_permits_tell_what_is_left) {
    auto const limit = make_semaphore(2);
    auto executor = make();
    auto const body = [&s = *limit](context& ctx, int) -> task<std::vector<std::size_t>> {
        std::vector<std::size_t> left{s.available()};
        auto one = co_await s.acquire(ctx);
        left.push_back(s.available());
        auto const two = s.try_acquire();
        left.push_back(s.available());
        if (!s.try_acquire()) left.push_back(100);
        one.release();
        left.push_back(s.available());
        co_return left;
    };
    EXPECT_EQ(executor.map(body, std::vector{0})[0], (std::vector<std::size_t>{2, 1, 0, 100, 1}));
    EXPECT_EQ(limit->available(), 2u);
}

/// Waits that end at any moment, some of them just as a permit is handed over.
task<void> acquire_with_small_limits(context& ctx, semaphore& from, visitors& place, int seed) {
    std::minstd_rand random(static_cast<unsigned>(seed) + 1);
    for (int round = 0; round < 60; ++round) {
        try {
            auto const permit =
                co_await ctx.with_timeout(std::chrono::microseconds(random() % 200), from.acquire(ctx));
            place.enter();
            if (round % 3 == 0) co_await ctx.sleep_for(std::chrono::microseconds(random() % 100));
            place.leave();
        } catch (timed_out const&) {
        }
    }
}

TEST_P(locks, lose_no_permit_to_waits_that_end_early) {
    auto const limit = make_semaphore(2);
    shared<visitors> place;
    auto executor = make();
    auto const body = [&s = *limit, place = &place](context& ctx, int n) {
        return acquire_with_small_limits(ctx, s, *place, n);
    };
    executor.map(body, std::views::iota(0, 8));
    EXPECT_EQ(limit->available(), 2u);
    EXPECT_LE(place->most, 2);
    EXPECT_TRUE(limit->acquire_for(100s));
}

TEST_P(locks_and_threads, lose_no_permit_to_stops_at_any_moment) {
    auto const limit = make_semaphore(2);
    shared_counter begun;
    auto executor = make();
    auto const body = [&s = *limit, begun = &begun](context& ctx, int) -> task<void> {
        for (;;) {
            auto const permit = co_await s.acquire(ctx);
            ++*begun;
            co_await ctx.yield();
        }
    };
    std::minstd_rand random(5);
    for (int round = 0; round < 10; ++round) {
        std::stop_source source;
        std::size_t const before = *begun;
        std::jthread const stopper([&] {
            wait_until([&] { return *begun > before; });
            std::this_thread::sleep_for(std::chrono::microseconds(random() % 1000));
            source.request_stop();
        });
        executor.try_map(body, std::views::iota(0, 5), {.stop = source.get_token()});
        ASSERT_EQ(limit->available(), 2u);
    }
}

// ---- event

TEST_P(locks, events_that_are_set_hold_nobody_up) {
    auto const ready = make_event();
    auto executor = make();
    EXPECT_FALSE(ready->is_set());
    ready->set();
    ready->set();
    EXPECT_TRUE(ready->is_set());
    auto const body = [&e = *ready](context& ctx, int n) -> task<int> {
        co_await e.wait(ctx);
        e.wait();
        co_return n;
    };
    EXPECT_EQ(executor.map(body, std::vector{1, 2}), (std::vector{1, 2}));
    ready->reset();
    auto const late = [&e = *ready](context& ctx, int) -> task<bool> {
        try {
            co_await ctx.with_timeout(5ms, e.wait(ctx));
        } catch (timed_out const&) {
            co_return e.is_set();
        }
        co_return true;
    };
    EXPECT_FALSE(executor.map(late, std::vector{1})[0]);
}

TEST_P(locks_between_bodies, events_let_all_go_on) {
    auto const ready = make_event();
    shared<int> told;
    shared_counter waiting;
    auto executor = make();
    auto const body = [&e = *ready, told = &told, waiting = &waiting](context& ctx, int n) -> task<int> {
        if (n == 0) {
            while (*waiting == 0)
                co_await ctx.sleep_for(1ms);
            *told = 5;
            e.set();
        }
        ++*waiting;
        co_await e.wait(ctx);
        co_return *told;
    };
    EXPECT_EQ(executor.map(body, std::vector{1, 0, 2, 3}), (std::vector{5, 5, 5, 5}));
}

TEST_P(locks_on_a_loop, events_let_those_go_who_waited_though_they_are_reset_at_once) {
    auto const ready = make_event();
    auto executor = make();
    auto const body = [&e = *ready](context& ctx, int n) -> task<int> {
        if (n == 0) {
            co_await ctx.sleep_for(1ms);
            e.set();
            e.reset();
            co_return 0;
        }
        co_await e.wait(ctx);
        co_return n;
    };
    EXPECT_EQ(executor.map(body, std::vector{1, 2, 0}), (std::vector{1, 2, 0}));
    EXPECT_FALSE(ready->is_set());
}

TEST_P(locks_and_threads, events_are_set_and_waited_for_by_threads) {
    auto const question = make_event();
    auto const answer = make_event();
    auto executor = make();
    std::jthread const other([&] {
        question->wait();
        std::this_thread::sleep_for(5ms);
        answer->set();
    });
    auto const body = [&q = *question, &a = *answer](context& ctx, int n) -> task<int> {
        q.set();
        co_await a.wait(ctx);
        co_return n;
    };
    EXPECT_EQ(executor.map(body, std::vector{1, 2}), (std::vector{1, 2}));
    EXPECT_TRUE(answer->wait_for(0ns));
}

TEST_P(locks_and_threads, events_are_waited_for_until_a_stop) {
    auto const never = make_event();
    auto executor = make();
    std::stop_source source;
    std::jthread const stopper([&] {
        std::this_thread::sleep_for(5ms);
        source.request_stop();
    });
    auto const body = [&e = *never](context& ctx, int) -> task<void> { co_await e.wait(ctx); };
    for (auto const& each : executor.try_map(body, std::vector{0, 1}, {.stop = source.get_token()})) {
        ASSERT_FALSE(each.has_value());
        EXPECT_EQ(each.error().why, cause::cancelled);
    }
    EXPECT_FALSE(never->wait_for(1ms));
}

// ---- barrier

TEST_P(locks_between_bodies, barriers_hold_each_round_together) {
    auto const both = make_barrier(2);
    shared<std::array<std::atomic<int>, 2>> round_of;
    auto executor = make();
    auto const body = [&b = *both, round_of = &round_of](context& ctx, int n) -> task<int> {
        auto const me = static_cast<std::size_t>(n);
        int was_last = 0;
        for (int round = 1; round <= 200; ++round) {
            (*round_of)[me] = round;
            was_last += co_await b.arrive_and_wait(ctx);
            int const other = (*round_of)[1 - me];
            if (other < round || other > round + 1) co_return -1000;
            if (round % 40 == n) co_await ctx.sleep_for(100us);
        }
        co_return was_last;
    };
    auto const last = executor.map(body, std::vector{0, 1});
    EXPECT_EQ(last[0] + last[1], 200);
    EXPECT_GE(std::min(last[0], last[1]), 0);
    EXPECT_EQ(both->waiting(), 0u);
}

TEST_P(locks, barriers_forget_who_was_ended_while_he_waited) {
    auto const both = make_barrier(2);
    auto executor = make();
    auto const body = [&b = *both](context& ctx, int) -> task<std::size_t> {
        try {
            co_await ctx.with_timeout(5ms, b.arrive_and_wait(ctx));
            co_return 100;
        } catch (timed_out const&) {
            co_return b.waiting();
        }
    };
    EXPECT_EQ(executor.map(body, std::vector{0}), std::vector<std::size_t>{0});
    EXPECT_FALSE(both->arrive_and_wait_for(1ms));
    EXPECT_EQ(both->waiting(), 0u);
    EXPECT_FALSE(both->broken());
}

TEST_P(locks_and_threads, barriers_that_are_broken_tell_all) {
    auto const both = make_barrier(3);
    auto executor = make();
    std::jthread const breaker([&] {
        wait_until([&] { return both->waiting() > 0; });
        both->abort();
    });
    auto const body = [&b = *both](context& ctx, int) -> task<void> { co_await b.arrive_and_wait(ctx); };
    for (auto const& each : executor.try_map(body, std::vector{0, 1})) {
        ASSERT_FALSE(each.has_value());
        EXPECT_EQ(each.error().message, "quartet: the barrier is broken");
    }
    EXPECT_TRUE(both->broken());
    EXPECT_THROW(both->arrive_and_wait(), barrier_broken);
    both->reset();
    EXPECT_FALSE(both->arrive_and_wait_for(1ms));
    std::jthread const again([&] {
        wait_until([&] { return both->waiting() > 0; });
        both->reset();
    });
    EXPECT_THROW(both->arrive_and_wait(), barrier_broken);
    EXPECT_FALSE(both->broken());
}

TEST_P(locks_on_a_loop, barriers_are_for_any_number) {
    auto const all = make_barrier(5);
    auto executor = make();
    auto const body = [&b = *all](context& ctx, int n) -> task<int> {
        co_await ctx.sleep_for(std::chrono::milliseconds(n));
        co_return co_await b.arrive_and_wait(ctx);
    };
    auto const last = executor.map(body, std::views::iota(0, 5));
    EXPECT_EQ(std::accumulate(last.begin(), last.end(), 0), 1);
}

// ---- outside of bodies

TEST(a_mutex, is_locked_by_one_thread_and_unlocked_by_another) {
    mutex one;
    auto held = one.lock();
    EXPECT_TRUE(one.locked());
    EXPECT_FALSE(one.try_lock());
    EXPECT_FALSE(one.lock_for(1ms));
    std::jthread([moved = std::move(held)] {}).join();
    EXPECT_FALSE(one.locked());
    EXPECT_TRUE(one.lock_for(0ns));
}

TEST(a_mutex, goes_to_no_thread_that_has_given_up) {
    mutex one;
    for (int round = 0; round < 300; ++round) {
        auto held = one.lock();
        std::jthread const hasty(
            [&] { static_cast<void>(one.lock_for(std::chrono::microseconds(round % 100))); });
        std::this_thread::sleep_for(std::chrono::microseconds(round % 70));
        held.unlock();
        EXPECT_TRUE(one.lock_for(100s));
    }
    EXPECT_FALSE(one.locked());
}

TEST(a_semaphore, needs_a_permit) {
    EXPECT_THROW(semaphore(0), std::invalid_argument);
}

TEST(a_barrier, needs_somebody) {
    EXPECT_THROW(barrier(0), std::invalid_argument);
    barrier alone(1);
    EXPECT_TRUE(alone.arrive_and_wait());
    EXPECT_TRUE(alone.arrive_and_wait());
}

TEST(a_barrier, holds_threads_together) {
    barrier all(4);
    std::atomic<int> lasts{0};
    {
        std::vector<std::jthread> threads;
        for (int n = 0; n < 4; ++n) {
            threads.emplace_back([&] {
                for (int round = 0; round < 300; ++round)
                    lasts += all.arrive_and_wait();
            });
        }
    }
    EXPECT_EQ(lasts, 300);
}

TEST(a_semaphore, is_shared_by_threads) {
    semaphore limit(2);
    visitors place;
    {
        std::vector<std::jthread> threads;
        for (int n = 0; n < 5; ++n) {
            threads.emplace_back([&] {
                for (int round = 0; round < 1000; ++round) {
                    auto const permit = limit.acquire();
                    place.enter();
                    place.leave();
                }
            });
        }
    }
    EXPECT_LE(place.most, 2);
    EXPECT_EQ(limit.available(), 2u);
}

}  // namespace
}  // namespace quartet::conformance::sync_test
