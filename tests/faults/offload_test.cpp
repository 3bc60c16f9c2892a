// Functions beside an event loop: those that wait for each other all come to run, those that compute are no
// more than there are CPUs, and a body whose function has no thread yet is not kept by it.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/faults/checks.hpp"
#include "tests/faults/limits.hpp"

#include <quartet/cpus.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace quartet::faults::offload_test {
namespace {

using conformance::any_model;
using conformance::counter_reference;
using conformance::shared_counter;
using conformance::wait_until;
using namespace std::chrono_literals;

class offload : public any_model {};

std::vector<conformance::row> rows_of_offload() {
    std::vector<conformance::row> rows{conformance::by_spec("async_each", "async:each", 0),
                                       conformance::by_spec("threads_2_async_30", "threads:2+async:30", 0)};
    if (conformance::with_processes)
        rows.push_back(conformance::by_spec("processes_2_async_30", "processes:2+async:30", 0));
    return rows;
}
QUARTET_SUITE(offload, rows_of_offload());

task<int> meet(context& ctx, counter_reference here) {
    co_await ctx.offload([here] {
        ++*here;
        wait_until([here] { return *here == 30; });
    });
    co_return 1;
}

TEST_P(offload, lets_functions_meet_however_few_the_processors_are) {
    shared_counter here;
    auto executor = make();
    for (int round = 0; round < 2; ++round) {
        *here = 0;
        EXPECT_EQ(executor.map(meet, std::vector<counter_reference>(30, &here)), std::vector(30, 1));
    }
}

/// The functions of one loop that have begun before any of them has ended: all of them compute.
class side_by_side {
public:
    /// Ends when `expected` are there, and the pool has had the time to add others.
    void compute(std::size_t expected) noexcept {
        if (over_) return;
        ++begun_;
        auto const now = std::chrono::steady_clock::now;
        auto const began = now();
        while (!over_ && (now() < began + 60ms || (begun_ < expected && now() < began + 20s))) {
        }
        over_ = true;
    }
    std::size_t begun() const noexcept { return begun_; }

private:
    std::atomic<bool> over_ = false;
    std::atomic<std::size_t> begun_ = 0;
};

TEST_P(offload, has_as_many_threads_that_compute_as_its_loop_has_processors) {
    std::size_t const loops = GetParam().name == "async_each" ? 1 : 2;
    std::size_t const expected = detail::one_share(usable_cpus(), loops);
    auto const body = [expected](context& ctx, int) -> task<std::size_t> {
        static thread_local side_by_side of_loop;
        auto& mine = of_loop;
        std::vector<task<void>> functions;
        for (std::size_t n = 0; n < 2 * usable_cpus() + 2; ++n)
            functions.push_back([](context& its, side_by_side& at, std::size_t count) -> task<void> {
                co_await its.offload([&at, count] { at.compute(count); });
            }(ctx, mine, expected));
        co_await gather(std::move(functions));
        co_return mine.begun();
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), std::vector(2, expected));
}

TEST(offload_on_a_loop, has_no_more_threads_than_compute) {
    // One each would be twice as many as are allowed: a thread that waits for a lock is taken for one that
    // waits.
    std::size_t const allowed = 30 + 2 * usable_cpus();
    auto const before = own_threads();
    std::atomic<std::size_t> most = 0;
    auto const body = [&most](context& ctx, int) -> task<void> {
        co_await ctx.offload([&most] {
            auto const until = std::chrono::steady_clock::now() + 20ms;
            while (std::chrono::steady_clock::now() < until) {
            }
            std::size_t const now = own_threads();
            for (std::size_t known = most; known < now && !most.compare_exchange_weak(known, now);) {
            }
        });
    };
    make_executor("async:each").map(body, std::views::iota(0, static_cast<int>(2 * allowed)));
    EXPECT_LE(most, before + 1 + allowed);
}

TEST(offload_on_a_loop, has_no_more_threads_than_it_may) {
    std::atomic<int> inside = 0;
    std::atomic<int> most = 0;
    auto const body = [&](context& ctx, int) -> task<void> {
        co_await ctx.offload([&] {
            int const now = ++inside;
            for (int known = most; known < now && !most.compare_exchange_weak(known, now);) {
            }
            std::this_thread::sleep_for(30ms);
            --inside;
        });
    };
    make_executor("async:each", {.offload_threads = 3}).map(body, std::views::iota(0, 20));
    EXPECT_LE(most, 3);
    EXPECT_THROW(make_executor("threads:1", {.offload_threads = 3}), std::invalid_argument);
}

struct wait_in_a_function {
    std::atomic<int>* begun;
    std::atomic<bool>* over;
    task<void> operator()(context& ctx) const {
        co_await ctx.offload([this] {
            ++*begun;
            wait_until([this] { return over->load(); });
        });
    }
};

TEST(offload_on_a_loop, says_whose_functions_wait_while_others_stand_in_line) {
    std::mutex mutex;
    std::string told;
    std::atomic<bool> over = false;
    std::atomic<int> begun = 0;
    auto const log = [&](log_record const& record) {
        std::lock_guard const lock(mutex);
        told += record.line;
    };
    auto executor = make_executor("async:each", {.log = log, .offload_threads = 2});
    std::vector<future<void>> calls;
    for (int n = 0; n < 3; ++n)
        calls.push_back(executor.submit(wait_in_a_function{&begun, &over}));
    wait_until([&] {
        std::lock_guard const lock(mutex);
        return told.find("all 2 threads") != std::string::npos;
    });
    EXPECT_EQ(begun, 2);
    EXPECT_NE(told.find("wait_in_a_function"), std::string::npos) << told;
    over = true;
    wait_all(calls);
}

TEST(offload_on_a_loop, cancels_what_stands_in_line) {
    std::atomic<bool> over = false;
    std::atomic<int> bodies = 0;
    std::atomic<int> begun = 0;
    std::atomic<int> cancelled_ones = 0;
    std::stop_source source;
    auto executor = make_executor("async:each");
    auto const count = static_cast<int>(usable_cpus()) + 20;
    auto const body = [&](context& ctx, int) -> task<void> {
        ++bodies;
        try {
            co_await ctx.offload([&] {
                ++begun;
                while (!over) {
                }
            });
        } catch (cancelled const&) {
            ++cancelled_ones;
            throw;
        }
    };
    std::jthread const stopper([&] {
        wait_until([&] { return begun > 0 && bodies == count; });
        source.request_stop();
        wait_until([&] { return cancelled_ones > 0; });
        over = true;
    });
    auto const outcomes = executor.try_map(body, std::views::iota(0, count), {.stop = source.get_token()});
    auto const failed = std::ranges::find_if(outcomes, [](auto const& each) { return !each; });
    ASSERT_NE(failed, outcomes.end());
    EXPECT_EQ(failed->error().why, cause::cancelled);
    EXPECT_TRUE(failed->error().message.starts_with("cancelled while it waited for one of the "))
        << failed->error().message;
}

TEST(offload_on_a_loop, cancels_what_gets_no_thread) {
    std::optional<task_limit> limit;
    try {
        limit.emplace(4);  // the loop's, the test's, one for a function; another, or that of the timers
    } catch (std::runtime_error const& impossible) {
        GTEST_SKIP() << impossible.what();
    }
    std::atomic<int> bodies = 0;
    std::atomic<int> waiting = 0;
    std::atomic<int> ended = 0;
    std::stop_source source;
    auto executor = make_executor("async:each", {.files = file_backend::automatic});
    auto const body = [&](context& ctx, int) -> task<void> {
        ++bodies;
        try {
            co_await ctx.offload([&] {
                ++waiting;
                wait_until([&] { return waiting + ended == 5; });
            });
        } catch (cancelled const&) {
            ++ended;
            throw;
        }
    };
    std::jthread const stopper([&] {
        wait_until([&] { return waiting > 0 && bodies == 5; });
        source.request_stop();
    });
    auto const outcomes = executor.try_map(body, std::views::iota(0, 5), {.stop = source.get_token()});
    EXPECT_GT(std::ranges::count_if(outcomes, [](auto const& each) { return !each; }), 0);
}

TEST(offload_on_a_loop, is_told_of_when_it_keeps_a_body_that_is_to_end) {
    std::atomic<bool> begun = false;
    std::atomic<bool> told = false;
    auto executor = make_executor("async", {.log = [&](log_record const& record) {
                                      if (record.line.find("offload()") != std::string::npos) told = true;
                                  }});
    auto const body = [&](context& ctx) -> task<void> {
        co_await ctx.offload([&] {
            begun = true;
            wait_until([&] { return told.load(); });
        });
    };
    auto call = executor.submit(body);
    wait_until([&] { return begun.load(); });
    call.cancel();
    call.wait();
    EXPECT_TRUE(told);
}

}  // namespace
}  // namespace quartet::faults::offload_test
