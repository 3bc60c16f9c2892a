// Calls that bodies make of their context leave records of their own: whose part they are, who ran them,
// when, and how they ended.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <quartet/detail/io/nested_recording.hpp>
#include <quartet/detail/shm/shared_heap.hpp>
#include <quartet/task_recorder.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <ranges>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace quartet::conformance::nested_records_test {
namespace {

using namespace std::chrono_literals;

class nested_records : public any_model {
protected:
    task_recorder recorder_{1000, recording::everything};

    /// What the one task of a call has left.
    template <class Body, class... Args>
    task_record left_by(Body body, Args... args) {
        auto executor = make({}, &recorder_);
        try {
            static_cast<void>(executor.submit(body, args...).get());
        } catch (std::exception const&) {
            // The record tells.
        }
        auto const all = recorder_.records();
        EXPECT_EQ(all.size(), 1u);
        return all.empty() ? task_record{} : all.front();
    }
};
QUARTET_SUITE(nested_records, all_rows());

class nested_records_between_threads : public nested_records {};
QUARTET_SUITE(nested_records_between_threads,
              rows_where([](row const& each) { return each.name == "threads_3"; }));

class a_nested_record : public nested_records {};
QUARTET_SUITE(a_nested_record, rows_where([](row const& each) { return each.name == "single"; }));

constexpr std::size_t by_task = nested_record::by_task;

/// The parent of each call, by id.
std::vector<std::size_t> parents_of(task_record const& of) {
    std::vector<std::size_t> found;
    for (auto const& each : of.nested)
        found.push_back(each.parent);
    return found;
}

/// Times are in order, and a call is within what has made it.
void expect_nested(task_record const& of) {
    std::map<std::size_t, nested_record const*> by_id;
    for (auto const& each : of.nested) {
        by_id[each.id] = &each;
        ASSERT_TRUE(each.started && each.finished) << each.id;
        EXPECT_LE(each.made, *each.started);
        EXPECT_LE(*each.started, *each.finished);
        auto const* const parent = each.parent == by_task ? nullptr : by_id.at(each.parent);
        EXPECT_LE(parent ? *parent->started : of.started, each.made);
        EXPECT_LE(*each.finished, parent ? *parent->finished : *of.finished);
    }
}

task<int> leaf(context& ctx, int n) {
    co_await ctx.sleep_for(1ms);
    co_return n;
}

task<int> twice(context& ctx, int n) {
    auto first = ctx.submit(leaf, n);
    int const second = co_await ctx.submit(leaf, n);
    co_return co_await first + second;
}

task<int> of_two_levels(context& ctx, int n) {
    co_return co_await ctx.submit(twice, n) + co_await ctx.submit(leaf, n);
}

int plainly_twice(context& ctx, int n) {
    return ctx.submit([](int of) { return of; }, n).get() + ctx.submit([](int of) { return of; }, n).get();
}

int plainly(context& ctx, int n) {
    int const first = ctx.submit(plainly_twice, n).get();
    return first + ctx.submit([](int of) { return of; }, n).get();
}

TEST_P(nested_records, name_who_made_each) {
    auto const of = left_by(of_two_levels, 1);
    EXPECT_EQ(of.nested_made, 4u);
    ASSERT_EQ(of.nested.size(), 4u);
    std::multiset<std::size_t> parents;
    for (auto const& each : of.nested) {
        parents.insert(each.parent);
        EXPECT_EQ(each.end, nested_end::done);
    }
    EXPECT_EQ(of.nested.front().parent, by_task);
    EXPECT_THAT(parents, testing::ElementsAre(0, 0, by_task, by_task));
    expect_nested(of);
}

TEST_P(nested_records, of_plain_functions_too) {
    auto const of = left_by(plainly, 1);
    EXPECT_THAT(parents_of(of), testing::ElementsAre(by_task, 0, 0, by_task));
    expect_nested(of);
}

TEST_P(nested_records, of_maps_are_one_for_each_input) {
    auto const body = [](context& ctx, int n) -> task<int> {
        auto const all = co_await ctx.map(twice, std::vector(static_cast<std::size_t>(n), 1));
        co_return static_cast<int>(all.size());
    };
    auto const of = left_by(body, 3);
    EXPECT_EQ(of.nested_made, 9u);
    ASSERT_EQ(of.nested.size(), 9u);
    auto const parents = parents_of(of);
    EXPECT_EQ(std::ranges::count(parents, by_task), 3);
    for (std::size_t of_map = 0; of_map < 3; ++of_map)
        EXPECT_EQ(std::ranges::count(parents, of_map), 2) << of_map;
    expect_nested(of);
}

TEST_P(nested_records, after_a_map_calls_are_the_bodys_again) {
    auto const body = [](context& ctx, int) -> task<int> {
        co_await ctx.map(leaf, std::views::iota(0, 2));
        co_return co_await ctx.submit(leaf, 1) + co_await ctx.submit(leaf, 1);
    };
    EXPECT_THAT(parents_of(left_by(body, 0)), testing::Each(by_task));
}

TEST_P(nested_records, say_within_which_call_the_task_waited) {
    auto const body = [](context& ctx, int) -> task<void> {
        co_await ctx.sleep_for(2ms);
        co_await ctx.submit([](context& inner) -> task<void> {
            co_await inner.sleep_for(3ms);
            co_await inner.submit(leaf, 1);
            co_await inner.sleep_for(3ms);
        });
        co_await ctx.map(leaf, std::views::iota(0, 2));
        co_await ctx.sleep_for(2ms);
    };
    auto const of = left_by(body, 0);
    std::map<std::size_t, std::size_t> sleeps;
    for (auto const& each : of.waits) {
        if (each.ended - each.began < 1ms) continue;  // of the loop's other waits
        auto const within = std::ranges::find(of.nested, each.nested, &nested_record::id);
        if (within == of.nested.end()) {
            EXPECT_EQ(each.nested, by_task);
        } else {
            EXPECT_LE(within->started, each.began);
            EXPECT_GE(within->finished, each.ended);
        }
        ++sleeps[each.nested];
    }
    // On a loop one that waits for a call waits too.
    bool const waits_for_calls = GetParam().on_loops;
    EXPECT_GE(sleeps[0], 2u);
    EXPECT_EQ(sleeps[1], 1u);
    EXPECT_EQ(sleeps[2], 1u);
    EXPECT_EQ(sleeps[3], 1u);
    EXPECT_GE(sleeps[by_task], waits_for_calls ? 3u : 2u);
    EXPECT_LE(sleeps[by_task], waits_for_calls ? 4u : 2u);
}

TEST_P(nested_records, name_a_worker_that_is_known) {
    auto const of = left_by(of_two_levels, 1);
    std::set<std::size_t> known;
    for (auto const& each : recorder_.workers())
        known.insert(each.number);
    for (auto const& each : of.nested)
        EXPECT_TRUE(known.contains(each.worker)) << each.worker;
}

TEST_P(nested_records, tell_how_each_ended) {
    auto const body = [](context& ctx, int) -> task<void> {
        auto const throws = [](context&, int) -> task<int> { throw std::runtime_error("no"); };
        { auto dropped = ctx.submit(leaf, 0); }
        auto good = ctx.submit(leaf, 1);
        auto bad = ctx.submit(throws, 2);
        co_await good;
        try {
            co_await bad;
        } catch (std::runtime_error const&) {
        }
        auto maps = ctx.map(
            [](context&, int n) -> task<int> {
                if (n == 1) throw std::runtime_error("no");
                co_return n;
            },
            std::views::iota(0, 3));
        try {
            co_await std::move(maps);
        } catch (map_error const&) {
        }
    };
    auto const of = left_by(body, 0);
    std::vector<nested_end> ends;
    for (auto const& each : of.nested)
        ends.push_back(each.end);
    using enum nested_end;
    // Another thread may have begun what was dropped; then it has ended well.
    EXPECT_THAT(ends,
                testing::ElementsAre(testing::AnyOf(cancelled, done), done, failed, done, failed, done));
}

TEST_P(nested_records, of_a_dropped_call_have_no_start) {
    auto const body = [](context& ctx, int) -> task<void> {
        ctx.submit([] {}).valid();
        co_return;
    };
    auto const of = left_by(body, 0);
    ASSERT_EQ(of.nested.size(), 1u);
    auto const& only = of.nested.front();
    EXPECT_EQ(only.end == nested_end::cancelled, !only.started);
    EXPECT_TRUE(only.finished);
}

TEST_P(nested_records, of_many_calls_are_bounded_and_counted) {
    auto const body = [](context& ctx, int n) -> task<void> {
        for (int i = 0; i < n; ++i)
            co_await ctx.submit([] {});
    };
    auto const of = left_by(body, 6000);
    EXPECT_EQ(of.nested_made, 6000u);
    EXPECT_EQ(of.nested.size(), 2000u) << "the recorder's room";
}

TEST_P(nested_records, of_a_large_map_are_of_every_nth) {
    auto const body = [](context& ctx, int n) -> task<void> {
        co_await ctx.map([](int) {}, std::vector(static_cast<std::size_t>(n), 1));
        co_await ctx.submit([] {});
    };
    task_recorder large(5000, recording::everything);
    {
        auto executor = make({}, &large);
        executor.submit(body, 100'000).get();
    }
    auto const of = large.records().at(0);
    EXPECT_EQ(of.nested_made, 100'001u);
    ASSERT_GT(of.nested.size(), 2000u);
    ASSERT_LE(of.nested.size(), task_recorder::most_nested);
    auto const stride = of.nested[1].id - of.nested[0].id;
    EXPECT_EQ(stride, 49u);
    EXPECT_EQ(of.nested[of.nested.size() - 2].id, 100'000 / stride * stride);
    EXPECT_EQ(of.nested.back().id, 100'000u) << "what comes later has room as well";
}

TEST_P(nested_records, of_several_tasks_stay_apart) {
    auto executor = make({}, &recorder_);
    executor.map(of_two_levels, std::vector(20, 1));
    auto const all = recorder_.records();
    ASSERT_EQ(all.size(), 20u);
    for (auto const& each : all) {
        EXPECT_EQ(each.nested.size(), 4u) << each.index;
        expect_nested(each);
    }
}

TEST_P(nested_records, are_not_kept_by_one_that_spares) {
    task_recorder sparing;
    auto executor = make({}, &sparing);
    executor.submit(of_two_levels, 1).get();
    auto const all = sparing.records();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_TRUE(all.front().nested.empty());
    EXPECT_EQ(all.front().nested_made, 0u);
}

TEST_P(nested_records, are_forgotten_when_cleared) {
    auto executor = make({}, &recorder_);
    executor.submit(of_two_levels, 1).get();
    recorder_.clear();
    executor.submit(leaf, 1).get();
    auto const all = recorder_.records();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_TRUE(all.front().nested.empty());
    EXPECT_EQ(all.front().nested_made, 0u);
}

// Deep enough for further stacks, whose threads are no workers of their own.
TEST_P(nested_records, of_deep_calls_name_no_further_worker) {
    struct deep {
        static int call(context& ctx, int n) { return n == 0 ? 0 : 1 + ctx.submit(call, n - 1).get(); }
    };
    constexpr int depth = !with_processes ? 2'000 : sanitized ? 10'000 : 60'000;
    auto const of = left_by(deep::call, depth);
    EXPECT_EQ(of.nested_made, static_cast<std::size_t>(depth));
    ASSERT_EQ(of.nested.size(), 2000u);
    EXPECT_EQ(of.nested[1999].parent, 1998u);
    std::set<std::size_t> numbers;
    for (auto const& each : recorder_.workers())
        EXPECT_TRUE(numbers.insert(each.number).second) << each.number;
}

TEST_P(nested_records_between_threads, name_the_thief_and_keep_its_waits) {
    auto const body = [](context& ctx, counter_reference others) -> task<void> {
        auto const mine = ctx.where().number;
        auto call = ctx.submit(
            [](context& inner, counter_reference counts, std::size_t of) -> task<void> {
                if (inner.where().number != of) ++*counts;
                co_await inner.sleep_for(3ms);
            },
            others, mine);
        while (*others == 0)
            std::this_thread::sleep_for(100us);
        co_await call;
    };
    shared_counter others;
    auto const of = left_by(body, &others);
    ASSERT_EQ(of.nested.size(), 1u);
    EXPECT_NE(of.nested.front().worker, of.worker);
    EXPECT_TRUE(of.waits_known);
    ASSERT_EQ(of.waits.size(), 1u);
    EXPECT_EQ(of.waits.front().nested, 0u);
    EXPECT_GE(of.waits.front().began, *of.nested.front().started);
    EXPECT_LE(of.waits.front().ended, *of.nested.front().finished);
}

class nested_records_between_processes : public nested_records {};
QUARTET_SUITE(nested_records_between_processes,
              rows_where([](row const& each) { return each.name == "processes_3"; }));

/// Makes calls until others have run some.
task<void> until_others_help(context& ctx, counter_reference others, bool as_map) {
    auto const help = [](context& inner, std::size_t of, counter_reference count) -> task<int> {
        co_await inner.submit(leaf, 1);
        bool const elsewhere = inner.where().number != of;
        if (elsewhere) ++*count;
        co_return elsewhere;
    };
    auto const mine = ctx.where().number;
    for (int round = 0; *others == 0 && round < 1000; ++round) {
        if (as_map) {
            co_await ctx.map([help, mine, others](context& inner, int) { return help(inner, mine, others); },
                             std::views::iota(0, 4));
        } else {
            auto first = ctx.submit(help, mine, others);
            co_await ctx.submit(help, mine, others);
            co_await first;
        }
    }
}

TEST_P(nested_records_between_processes, name_who_helped_and_keep_what_it_did) {
    for (bool const as_map : {false, true}) {
        task_recorder recorder(2000, recording::everything);
        shared_counter others;
        {
            auto executor = make({}, &recorder);
            executor.submit(until_others_help, &others, as_map).get();
        }
        auto const of = recorder.records().at(0);
        ASSERT_GT(*others, 0u);
        EXPECT_EQ(of.nested.size(), of.nested_made);
        expect_nested(of);
        EXPECT_TRUE(of.waits_known);
        auto const is_elsewhere = [&](nested_record const& each) { return each.worker != of.worker; };
        std::size_t helped = 0;
        std::size_t made_there = 0;
        std::size_t leaves = 0;
        for (auto const& each : of.nested) {
            EXPECT_EQ(each.end, nested_end::done);
            bool const is_leaf = each.parent != by_task;
            helped += !is_leaf && is_elsewhere(each);
            made_there += is_leaf && is_elsewhere(of.nested.at(each.parent));
            leaves += is_leaf && is_elsewhere(each);
        }
        EXPECT_EQ(helped, *others);
        EXPECT_EQ(made_there, *others) << "what it called in its turn";
        std::size_t sleeps = 0;
        for (auto const& each : of.waits)
            sleeps += is_elsewhere(of.nested.at(each.nested));
        EXPECT_EQ(sleeps, leaves);
    }
}

TEST_P(nested_records_between_processes, say_that_a_call_failed_whose_helper_died) {
    for (bool const as_map : {false, true}) {
        task_recorder recorder(2000, recording::everything);
        shared_counter others;
        auto const dies = [](context& inner, std::size_t of, counter_reference count) -> task<int> {
            co_await inner.sleep_for(1ms);
            if (inner.where().number != of && (*count)++ == 0) raise(SIGKILL);
            co_return 1;
        };
        auto const body = [dies, as_map](context& ctx, counter_reference count) -> task<void> {
            auto const mine = ctx.where().number;
            for (int round = 0; *count == 0 && round < 1000; ++round) {
                try {
                    if (as_map) {
                        co_await ctx.map(
                            [dies, mine, count](context& inner, int) { return dies(inner, mine, count); },
                            std::views::iota(0, 4));
                    } else {
                        auto first = ctx.submit(dies, mine, count);
                        co_await ctx.submit(dies, mine, count);
                        co_await first;
                    }
                } catch (std::exception const&) {
                    // The record tells.
                }
            }
        };
        {
            auto executor = make({}, &recorder);
            executor.submit(body, &others).get();
        }
        auto const of = recorder.records().at(0);
        ASSERT_GT(*others, 0u);
        EXPECT_EQ(std::ranges::count(of.nested, nested_end::failed, &nested_record::end), 1);
        EXPECT_EQ(std::ranges::count(of.nested, nested_end::not_yet, &nested_record::end), 0);
        expect_nested(of);
    }
}

class nested_records_of_killed : public nested_records {};
QUARTET_SUITE(nested_records_of_killed, rows_with(&model_traits::survives_crash));

TEST_P(nested_records_of_killed, have_no_end) {
    auto const body = [](context& ctx, int) -> task<void> {
        co_await ctx.submit([] {});
        co_await ctx.submit([] { raise(SIGKILL); });
    };
    auto const of = left_by(body, 0);
    EXPECT_TRUE(of.failed);
    ASSERT_EQ(of.nested.size(), 2u);
    EXPECT_EQ(of.nested[0].end, nested_end::done);
    EXPECT_TRUE(of.nested[1].started);
    // If another worker has taken the call, that died, and who asked notes the end.
    bool const dies_elsewhere = of.nested[1].worker != of.worker;
    EXPECT_EQ(of.nested[1].end, dies_elsewhere ? nested_end::failed : nested_end::not_yet);
    EXPECT_EQ(of.nested[1].finished.has_value(), dies_elsewhere);
}

/// Who asks notes an end of its own, later, when it has the outcome: or lets go of the call.
TEST_P(a_nested_record, keeps_the_end_that_who_helped_has_noted) {
    auto const left = left_by([](context& ctx) {
        using namespace detail;
        auto const heap = shared_heap::create(std::size_t{1} << 20);
        std::atomic<shared_block*> blocks{nullptr};
        shared_arena arena(*heap, blocks);
        for (bool const ends_it : {true, false}) {
            nested_slot* slot = nullptr;
            std::int64_t noted = 0;
            {
                nested_recording call(ctx, nested_recording::kind::call);
                auto const crossed = call.crossed();
                slot = crossed.slot_of(0);
                crossed_call(crossed, 0, arena, ctx).end(nested_end::failed);
                noted = slot->ended.load();
                for (auto const now = ctx.now(); ctx.now() < now + 1ms;) {
                }
                if (ends_it) call.end(ctx);
            }
            if (slot->ended.load() != noted) throw std::runtime_error("it has another end");
        }
    });
    EXPECT_FALSE(left.failed);
    ASSERT_EQ(left.nested.size(), 2u);
    for (auto const& each : left.nested)
        EXPECT_EQ(each.end, nested_end::failed);
}

}  // namespace
}  // namespace quartet::conformance::nested_records_test
