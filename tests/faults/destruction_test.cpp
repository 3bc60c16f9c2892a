// Executors are destroyed, and stopped, at random moments with all kinds of calls under way: the destructor
// returns, every future that was kept and every stream has its outcomes, no body begins twice, and nothing
// is left.
//
// The seed is part of each message; QUARTET_SEED repeats a run as far as threads can be repeated.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/faults/checks.hpp"

#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <vector>

namespace quartet::faults::destruction_test {
namespace {

using conformance::any_model;
using conformance::may_be_taken_along;
using conformance::sanitized;
using conformance::shared;
using conformance::shared_reference;
using conformance::wait_until;
using namespace std::chrono_literals;

constexpr std::size_t callers = 3;
constexpr std::size_t calls = 30;     // of each caller, by submit
constexpr std::size_t streamed = 30;  // of each caller, by stream
constexpr std::size_t most_tasks = callers * (calls + streamed);

/// How often each task has begun.
using begins = std::array<std::atomic<std::uint8_t>, most_tasks>;

enum class deed : std::uint8_t { give_at_once, sleep, compute, fail, run_a_program, sleep_for_ever };

struct errand {
    shared_reference<begins> begun;
    std::size_t number = 0;
    deed what = deed::give_at_once;
    int microseconds = 0;
};

task<std::size_t> do_it(context& ctx, errand const& what) {
    ++(*what.begun)[what.number];
    auto const time = std::chrono::microseconds(what.microseconds);
    switch (what.what) {
        case deed::give_at_once:
            break;
        case deed::sleep:
            co_await ctx.sleep_for(time);
            break;
        case deed::compute: {
            auto const until = std::chrono::steady_clock::now() + time / 10;
            while (std::chrono::steady_clock::now() < until) {
            }
            break;
        }
        case deed::fail:
            throw std::runtime_error("on purpose");
        case deed::run_a_program:
            co_await ctx.run(command::program("sleep", "10000"));
            break;
        case deed::sleep_for_ever:
            for (;;)
                co_await ctx.sleep_for(24h);
    }
    co_return what.number;
}

/// The value, the exception on purpose, or that it was cancelled: nothing else is an end here.
testing::AssertionResult is_an_end(outcome<std::size_t> const& end, errand const& of) {
    if (end && *end == of.number && of.what < deed::fail) return testing::AssertionSuccess();
    if (end) return testing::AssertionFailure() << "a value that can't be: " << *end;
    if (end.error().why == cause::cancelled) return testing::AssertionSuccess();
    if (end.error().message == "on purpose" && of.what == deed::fail) return testing::AssertionSuccess();
    return testing::AssertionFailure() << to_string(end.error().why) << ": " << end.error().message;
}

/// Where a worker has not answered a stop for so long, as on a busy machine, it is ended, and its commands go
/// on without it.
constexpr auto patience_with_workers = 250ms;

void end_orphaned_commands() {
    for (pid_t const child : children_of(getpid())) {
        std::string name;
        std::ifstream("/proc/" + std::to_string(child) + "/comm") >> name;
        if (name != "sleep") continue;
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
    }
}

struct belongings {
    std::size_t descriptors = open_descriptors();
    std::size_t mappings = shared_mappings();
    std::vector<pid_t> children = children_of(getpid());
    bool operator==(belongings const&) const = default;
    friend void PrintTo(belongings const& each, std::ostream* out) {
        *out << each.descriptors << " descriptors, " << each.mappings << " pieces of shared memory, "
             << each.children.size() << " children";
    }
};

class random_moments {
public:
    std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
    bool one_in(std::uint64_t count) { return below(count) == 0; }
    void pause() { std::this_thread::sleep_for(std::chrono::microseconds(below(3000))); }
    explicit random_moments(std::uint64_t seed) : engine_(seed) {}

private:
    std::mt19937_64 engine_;
};

std::uint64_t chosen_seed() {
    if (char const* const asked = std::getenv("QUARTET_SEED")) return std::stoull(asked);
    return std::random_device()();
}

class destruction : public any_model {
protected:
    struct kept_call {
        errand of;
        future<std::size_t> end;
    };

    // What a body leaves running when its worker is gone would become a child of this process, and be seen.
    destruction() { prctl(PR_SET_CHILD_SUBREAPER, 1); }
    ~destruction() override { prctl(PR_SET_CHILD_SUBREAPER, 0); }

    int rounds() const {
        if (sanitized) return 5;
        return many() < 1000 ? 10 : 25;
    }

    errand some_errand(random_moments& random, std::size_t number) const {
        // Under single a call ends before submit returns, and would not.
        bool const beside = GetParam().name != "single";
        auto what = static_cast<deed>(random.below(beside ? 6 : 4));
        if (what == deed::run_a_program && !random.one_in(10)) what = deed::sleep;
        return {.begun = &begun_,
                .number = number,
                .what = what,
                .microseconds = static_cast<int>(random.below(2000))};
    }

    errand some_short_errand(random_moments& random, std::size_t number) const {
        auto made = some_errand(random, number);
        if (made.what > deed::fail) made.what = deed::sleep;
        return made;
    }

    void submit_some(executor& to, std::size_t who, random_moments& random, std::vector<kept_call>& kept) {
        for (std::size_t n = 0; n < calls; ++n) {
            auto const of = some_errand(random, who * (calls + streamed) + n);
            auto end = to.submit(do_it, of);
            if (!random.one_in(3)) kept.push_back({of, std::move(end)});
        }
    }

    testing::AssertionResult is_an_end_here(outcome<std::size_t> const& end, errand const& of) const {
        if (!end && others_are_stopped_ && may_be_taken_along(GetParam(), end.error()))
            return testing::AssertionSuccess();
        return is_an_end(end, of);
    }

    void expect_ends(std::vector<kept_call>& kept) {
        for (auto& each : kept) {
            EXPECT_TRUE(each.end.done());
            auto const end = each.end.take();
            EXPECT_TRUE(is_an_end_here(end, each.of));
            if (!end) ++failures_;
        }
    }

    /// Of those by submit.
    bool a_call_has_begun() const {
        for (std::size_t n = 0; n < most_tasks; ++n) {
            if (n % (calls + streamed) < calls && (*begun_)[n] > 0) return true;
        }
        return false;
    }

    void expect_nothing_begun_twice() {
        for (auto& each : *begun_)
            EXPECT_LE(each.exchange(0), 1u);
    }

    shared<begins> begun_;
    std::uint64_t const seed_ = chosen_seed();
    std::size_t failures_ = 0;
    bool others_are_stopped_ = false;  // beside calls that are not
};
QUARTET_SUITE(destruction, conformance::rows_with_real_io());

TEST_P(destruction, at_any_moment_leaves_outcomes_and_nothing_else) {
    SCOPED_TRACE("QUARTET_SEED=" + std::to_string(seed_));
    make().map([](int) {}, std::vector{1});  // what libraries open once and keep
    belongings const before;
    random_moments random(seed_);
    for (int round = 0; round < rounds() && !HasFailure(); ++round) {
        std::array<std::vector<kept_call>, callers> kept;
        std::array<std::vector<errand>, callers> inputs;
        std::chrono::steady_clock::time_point stopped;
        {
            auto executor = make();
            std::array<std::optional<stream<std::size_t>>, callers> streams;
            std::barrier streams_are_under_way(callers);
            auto const call = [&](std::size_t who, std::uint64_t seed) {
                random_moments chances(seed);
                for (std::size_t n = 0; n < streamed; ++n)
                    inputs[who].push_back(some_short_errand(chances, who * (calls + streamed) + calls + n));
                streams[who].emplace(
                    executor.stream(do_it, inputs[who], {.window = 1 + chances.below(streamed)}));
                for (std::size_t n = 0; n < 1 + chances.below(5); ++n)
                    EXPECT_TRUE(is_an_end(*streams[who]->next(), inputs[who][n]));
                streams_are_under_way.arrive_and_wait();  // before a call that never ends may be ahead of one
                submit_some(executor, who, chances, kept[who]);
                if (chances.one_in(2)) streams[who].reset();
            };
            {
                std::vector<std::jthread> threads;
                for (std::size_t who = 0; who < callers; ++who)
                    threads.emplace_back(call, who, random.below(1'000'000'000));
            }
            if (random.one_in(2)) wait_until([&] { return a_call_has_begun(); });
            random.pause();
            stopped = std::chrono::steady_clock::now();
        }
        for (auto& each : kept)
            expect_ends(each);
        expect_nothing_begun_twice();
        bool const was_slow = std::chrono::steady_clock::now() - stopped > patience_with_workers;
        if (was_slow && GetParam().name.starts_with("processes")) end_orphaned_commands();
        EXPECT_EQ(belongings(), before);
    }
    EXPECT_GT(failures_, 0u) << "nothing was under way";
}

TEST_P(destruction, by_a_stop_leaves_outcomes_and_an_executor) {
    SCOPED_TRACE("QUARTET_SEED=" + std::to_string(seed_));
    random_moments random(seed_);
    others_are_stopped_ = true;
    auto executor = make();
    for (int round = 0; round < rounds() && !HasFailure(); ++round) {
        std::array<std::vector<kept_call>, callers> kept;
        std::atomic<std::size_t> gone = 0;
        auto const call = [&](std::size_t who, std::uint64_t seed) {
            random_moments chances(seed);
            std::vector<errand> inputs;
            for (std::size_t n = 0; n < streamed; ++n)
                inputs.push_back(some_errand(chances, who * (calls + streamed) + calls + n));
            auto const order = chances.one_in(2) ? stream_order::as_inputs : stream_order::as_completed;
            auto results = executor.stream(do_it, inputs, {.order = order});
            submit_some(executor, who, chances, kept[who]);
            std::vector<int> ends(streamed);
            for (auto const& each : results) {
                EXPECT_TRUE(is_an_end_here(each, inputs.at(each.index)));
                ++ends.at(each.index);
            }
            // A stop ends the stream: what it had pulled has its outcomes, and no more is pulled.
            EXPECT_TRUE(std::ranges::is_sorted(ends, std::greater<>()));
            EXPECT_LE(ends.front(), 1);
            for (auto& each : kept[who])
                each.end.wait();
            ++gone;
        };
        std::vector<std::jthread> threads;
        for (std::size_t who = 0; who < callers; ++who)
            threads.emplace_back(call, who, random.below(1'000'000'000));
        do {
            random.pause();
            executor.stop();  // what is not under way yet is stopped by the next one
        } while (gone < callers);
        threads.clear();
        for (auto& each : kept)
            expect_ends(each);
        executor.stop();
        executor.join();  // those that were dropped
        expect_nothing_begun_twice();
        EXPECT_EQ(executor.map([](int n) { return n; }, std::vector{1, 2}), (std::vector{1, 2}));
    }
    EXPECT_GT(failures_, 0u) << "nothing was under way";
}

errand const gives{.begun = {}, .number = 7};
errand const fails{.begun = {}, .number = 7, .what = deed::fail};
errand const never_ends{.begun = {}, .number = 7, .what = deed::sleep_for_ever};

TEST(check_of_ends, lets_the_right_ones_pass) {
    outcome<std::size_t> const cancelled(failure{.why = cause::cancelled});
    for (auto const& each : {gives, fails, never_ends})
        EXPECT_TRUE(is_an_end(cancelled, each));
    EXPECT_TRUE(is_an_end(outcome<std::size_t>(7u), gives));
    EXPECT_TRUE(is_an_end(outcome<std::size_t>(failure{.message = "on purpose"}), fails));
}

TEST(check_of_ends, sees_every_mistake) {
    EXPECT_FALSE(is_an_end(outcome<std::size_t>(8u), gives));
    EXPECT_FALSE(is_an_end(outcome<std::size_t>(7u), never_ends));
    EXPECT_FALSE(is_an_end(outcome<std::size_t>(failure{.message = "on purpose"}), gives));
    EXPECT_FALSE(is_an_end(outcome<std::size_t>(failure{.why = cause::worker_died}), gives));
    EXPECT_FALSE(is_an_end(outcome<std::size_t>(failure{.why = cause::timed_out}), fails));
}

}  // namespace
}  // namespace quartet::faults::destruction_test
