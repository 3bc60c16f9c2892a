// Calls that take the values of earlier runs from a journal. That a process is killed meanwhile and disks are
// full is in faults/, what a file may and may not be in call/.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/journal_records.hpp"

#include <quartet/task_recorder.hpp>

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace quartet::conformance::journal_test {

/// A result that can be moved, and neither copied nor made from nothing.
class only_moved {
public:
    explicit only_moved(std::string text) : text_(std::make_unique<std::string>(std::move(text))) {}
    std::string const& text() const { return *text_; }

private:
    std::unique_ptr<std::string> text_;
};

}  // namespace quartet::conformance::journal_test

template <>
struct quartet::codec<quartet::conformance::journal_test::only_moved> {
    using value = quartet::conformance::journal_test::only_moved;
    static void encode(value const& from, byte_writer& out) { codec<std::string>::encode(from.text(), out); }
    static value decode(byte_reader& in) { return value(codec<std::string>::decode(in)); }
};

namespace quartet::conformance::journal_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr int tasks = 40;
constexpr std::size_t failing = 14;  // of them, which fails() is true of

/// What bodies see of the test, and it of them.
struct seen {
    std::atomic<bool> willing = false;  ///< all tasks end well
    std::atomic<std::size_t> begun = 0;
    std::array<std::atomic<std::size_t>, tasks> runs{};  ///< of each task
};
using seen_reference = shared_reference<seen>;

class a_journal : public any_model {
protected:
    std::vector<int> numbers() const {
        std::vector<int> all;
        for (int n = 0; n < tasks; ++n)
            all.push_back(n);
        return all;
    }
    call_options journaled() const { return {.journal = path_}; }
    stream_options journaled(stream_order order) const {
        return {.order = order, .window = 6, .call = {.chunk_size = 3, .journal = path_}};
    }

    /// How often each task has run since the last time.
    std::vector<std::size_t> runs() {
        std::vector<std::size_t> found;
        for (auto& each : seen_->runs)
            found.push_back(each.exchange(0));
        return found;
    }

    /// Once each task of which it is true.
    static std::vector<std::size_t> once(auto&& of) {
        std::vector<std::size_t> expected;
        for (int n = 0; n < tasks; ++n)
            expected.push_back(of(n) ? 1 : 0);
        return expected;
    }
    static bool every(int) { return true; }
    static bool none(int) { return false; }

    temporary_folder folder_;
    std::string const path_ = folder_ / "jobs.journal";
    shared<seen> seen_;  // before the executor
};
QUARTET_SUITE(a_journal, all_rows());

class a_journal_of_a_stopped_call : public a_journal {};
QUARTET_SUITE(a_journal_of_a_stopped_call, rows_with_real_io());

/// Every third task fails as long as the test is not willing.
bool fails(int n) {
    return n % 3 == 0;
}

auto some_fail(seen_reference by) {
    return [by](int n) {
        ++by->runs[static_cast<std::size_t>(n)];
        if (fails(n) && !by->willing) throw std::runtime_error("not yet");
        return "value " + std::to_string(n);
    };
}

TEST_P(a_journal, has_the_values_of_an_earlier_run_and_no_failures) {
    auto executor = make();
    auto const body = some_fail(&seen_);
    auto const first = executor.try_map(body, numbers(), journaled());
    EXPECT_EQ(runs(), once(every));
    for (int n = 0; n < tasks; ++n)
        EXPECT_EQ(first[static_cast<std::size_t>(n)].has_value(), !fails(n));

    auto const second = executor.try_map(body, numbers(), journaled());
    EXPECT_EQ(runs(), once(fails));
    for (std::size_t n = 0; n < tasks; ++n) {
        ASSERT_EQ(second[n].has_value(), !fails(static_cast<int>(n)));
        if (second[n])
            EXPECT_EQ(*second[n], "value " + std::to_string(n));
        else
            EXPECT_EQ(second[n].error().index, n);
    }

    seen_->willing = true;
    auto const third = executor.map(body, numbers(), journaled());
    EXPECT_EQ(runs(), once(fails));
    auto const fourth = executor.map(body, numbers(), journaled());
    EXPECT_EQ(runs(), once(none));
    EXPECT_EQ(third, fourth);
    for (std::size_t n = 0; n < tasks; ++n)
        EXPECT_EQ(third[n], "value " + std::to_string(n));
}

TEST_P(a_journal, is_that_of_another_model_too) {
    auto const body = some_fail(&seen_);
    make().try_map(body, numbers(), journaled());
    runs();
    seen_->willing = true;
    auto other = make_executor("threads:2");
    EXPECT_EQ(other.map(body, numbers(), journaled())[2], "value 2");
    EXPECT_EQ(runs(), once(fails));
    EXPECT_EQ(make().map(body, numbers(), journaled())[3], "value 3");
    EXPECT_EQ(runs(), once(none));
}

TEST_P(a_journal, holds_for_maps_of_several_arguments_and_of_none_but_effects) {
    auto executor = make();
    auto const sum = [by = &seen_](int n, int m) {
        ++by->runs[static_cast<std::size_t>(n)];
        return n + m;
    };
    std::vector<std::pair<int, int>> const pairs{{1, 10}, {2, 20}};
    for (int run = 0; run < 2; ++run) {
        EXPECT_EQ(executor.starmap(sum, pairs, journaled()), (std::vector{11, 22}));
        EXPECT_EQ(runs(), once([run](int n) { return run == 0 && (n == 1 || n == 2); }));
    }
    call_options const other{.journal = folder_ / "effects.journal"};
    seen_->willing = true;
    for (int run = 0; run < 2; ++run) {
        executor.for_each(some_fail(&seen_), numbers(), other);
        EXPECT_EQ(runs(), run == 0 ? once(every) : once(none));
    }
}

TEST_P(a_journal, holds_for_coroutines) {
    auto executor = make();
    auto const body = [by = &seen_](context& ctx, int n) -> task<int> {
        co_await ctx.sleep_for(1ms);
        ++by->runs[static_cast<std::size_t>(n)];
        if (fails(n) && !by->willing) throw std::runtime_error("not yet");
        co_return 2 * n;
    };
    EXPECT_THROW(executor.map(body, numbers(), journaled()), map_error);
    runs();
    seen_->willing = true;
    auto const values = executor.map(body, numbers(), journaled());
    EXPECT_EQ(runs(), once(fails));
    for (std::size_t n = 0; n < tasks; ++n)
        EXPECT_EQ(values[n], 2 * static_cast<int>(n));
}

TEST_P(a_journal_of_a_stopped_call, has_what_ended_before_the_stop) {
    auto executor = make();
    constexpr int ending = 30;
    // The others wait, and have to be stopped.
    auto const body = [by = &seen_](context& ctx, int n) -> task<int> {
        ++by->runs[static_cast<std::size_t>(n)];
        if (n >= ending && !by->willing) co_await ctx.sleep_for(1h);
        ++by->begun;
        co_return n + 1;
    };
    std::stop_source stop;
    auto options = journaled();
    options.stop = stop.get_token();
    std::jthread const stopper([&] {
        wait_until([&] { return seen_->begun == ending; });
        stop.request_stop();
    });
    auto const stopped = executor.try_map(body, numbers(), options);
    for (std::size_t n = 0; n < tasks; ++n)
        EXPECT_EQ(stopped[n].has_value(), n < ending);
    runs();
    seen_->willing = true;
    auto const values = executor.map(body, numbers(), journaled());
    EXPECT_EQ(runs(), once([](int n) { return n >= ending; }));
    for (std::size_t n = 0; n < tasks; ++n)
        EXPECT_EQ(values[n], static_cast<int>(n) + 1);
}

TEST_P(a_journal_of_a_stopped_call, has_what_ended_before_its_time_was_up) {
    auto executor = make();
    auto const body = [by = &seen_](context& ctx, int n) -> task<int> {
        ++by->runs[static_cast<std::size_t>(n)];
        if (n == 3 && !by->willing) co_await ctx.sleep_for(1h);
        co_return n;
    };
    auto options = journaled();
    options.task_timeout = 20ms;
    auto const outcomes = executor.try_map(body, numbers(), options);
    ASSERT_FALSE(outcomes[3].has_value());
    EXPECT_EQ(outcomes[3].error().why, cause::timed_out);
    runs();
    seen_->willing = true;
    executor.map(body, numbers(), journaled());
    EXPECT_EQ(runs()[3], 1u);
}

// ---- Streams

class a_journal_of_a_stream : public a_journal {
protected:
    /// Outcomes by index, each of which must come once; in the order of the inputs if that is asked for.
    std::map<std::size_t, std::string> streamed_by(executor& runs, stream_order order) {
        std::map<std::size_t, std::string> found;
        for (auto& each : runs.stream(some_fail(&seen_), std::views::iota(0, tasks), journaled(order))) {
            if (order == stream_order::as_inputs) {
                EXPECT_EQ(each.index, found.size());
            }
            EXPECT_TRUE(found.emplace(each.index, each ? *each : each.error().message).second);
        }
        return found;
    }
    std::map<std::size_t, std::string> expected() const {
        std::map<std::size_t, std::string> all;
        for (int n = 0; n < tasks; ++n)
            all[static_cast<std::size_t>(n)] =
                fails(n) && !seen_->willing ? "not yet" : "value " + std::to_string(n);
        return all;
    }
};
QUARTET_SUITE(a_journal_of_a_stream, all_rows());

TEST_P(a_journal_of_a_stream, gives_what_is_there_in_either_order) {
    auto executor = make();
    for (auto const order : {stream_order::as_inputs, stream_order::as_completed}) {
        seen_->willing = false;
        EXPECT_EQ(streamed_by(executor, order), expected());
        EXPECT_EQ(runs(), once(every));
        EXPECT_EQ(streamed_by(executor, order), expected());
        EXPECT_EQ(runs(), once(fails));
        seen_->willing = true;
        EXPECT_EQ(streamed_by(executor, order), expected());
        EXPECT_EQ(runs(), once(fails));
        EXPECT_EQ(streamed_by(executor, order), expected());
        EXPECT_EQ(runs(), once(none));
        std::filesystem::remove(path_);
    }
}

TEST_P(a_journal_of_a_stream, keeps_what_nobody_has_taken) {
    auto executor = make();
    seen_->willing = true;
    {
        auto stream = executor.stream(some_fail(&seen_), std::views::iota(0, tasks),
                                      journaled(stream_order::as_inputs));
        ASSERT_TRUE(stream.next().has_value());
    }
    auto const begun = runs();
    EXPECT_EQ(streamed_by(executor, stream_order::as_inputs), expected());
    EXPECT_EQ(runs(), once([&](int n) { return begun[static_cast<std::size_t>(n)] == 0; }));
}

/// Where tasks go on beside who reads.
class a_journal_of_a_stream_beside_its_reader : public a_journal_of_a_stream {};
QUARTET_SUITE(a_journal_of_a_stream_beside_its_reader,
              rows_where([](row const& each) { return each.real_io && each.name != "single"; }));

TEST_P(a_journal_of_a_stream_beside_its_reader, has_values_before_they_are_taken) {
    constexpr std::size_t window = 20;
    auto executor = make();
    // No task ends before the window is full.
    auto const waits = [by = &seen_](int n) {
        wait_until([by] { return by->begun >= window; });
        return n;
    };
    auto const pulled = std::views::iota(0, tasks) | std::views::transform([by = &seen_](int n) {
                            ++by->begun;
                            return n;
                        });
    stream_options const options{.window = window, .call = {.chunk_size = 1, .journal = path_}};
    auto stream = executor.stream(waits, pulled, options);
    ASSERT_TRUE(stream.next().has_value());
    wait_until([&] { return test::records_in(test::bytes_of(path_)).size() >= window; });
}

TEST_P(a_journal_of_a_stream, may_have_more_than_its_inputs_and_less) {
    auto executor = make();
    seen_->willing = true;
    auto const taken = [&](int count) {
        std::size_t found = 0;
        for (auto& each : executor.stream(some_fail(&seen_), std::views::iota(0, count),
                                          journaled(stream_order::as_inputs)))
            found += each.has_value();
        return found;
    };
    EXPECT_EQ(taken(20), 20u);
    runs();
    EXPECT_EQ(taken(10), 10u);
    EXPECT_EQ(runs(), once(none));
    EXPECT_EQ(taken(tasks), static_cast<std::size_t>(tasks));
    EXPECT_EQ(runs(), once([](int n) { return n >= 20; }));
}

TEST_P(a_journal_of_a_stream, refuses_another_input_when_it_is_pulled) {
    auto executor = make();
    seen_->willing = true;
    EXPECT_EQ(streamed_by(executor, stream_order::as_inputs), expected());
    auto inputs = numbers();
    inputs[30] = 7;
    auto stream = executor.stream(some_fail(&seen_), inputs, journaled(stream_order::as_inputs));
    try {
        std::size_t taken = 0;
        while (stream.next())
            EXPECT_LT(taken++, 30u);
        FAIL() << "it was taken";
    } catch (std::invalid_argument const& refused) {
        EXPECT_EQ(refused.what(), "quartet: the journal '" + path_ +
                                      "' is of other inputs: that of task 30 is not the one that it has a "
                                      "value for");
    }
}

// ---- With other options

TEST_P(a_journal, has_the_values_of_further_tries) {
    auto executor = make();
    auto const body = [by = &seen_](int n) {
        if (n == 4 && ++by->runs[4] < 3) throw std::runtime_error("not yet");
        if (n == 9 && !by->willing) throw std::invalid_argument("never");
        return n;
    };
    auto options = journaled();
    options.retry = {.times = 4, .pause = 1ms};
    options.retry.when = [](failure const& why) { return why.message == "not yet"; };
    auto const outcomes = executor.try_map(body, numbers(), options);
    EXPECT_EQ(*outcomes[4], 4);
    EXPECT_EQ(outcomes[9].error().index, 9u);
    EXPECT_EQ(runs()[4], 3u);
    seen_->willing = true;
    EXPECT_EQ(executor.map(body, numbers(), options), numbers());
    EXPECT_EQ(runs()[4], 0u);
}

TEST_P(a_journal, has_the_values_of_further_tries_of_a_stream) {
    auto executor = make();
    auto const body = [by = &seen_](int n) {
        if (n == 4 && ++by->runs[4] < 3) throw std::runtime_error("not yet");
        return n;
    };
    auto options = journaled(stream_order::as_inputs);
    options.call.retry = {.times = 4, .pause = 1ms};
    for (std::size_t expected : {3, 0}) {
        std::size_t index = 0;
        for (auto& each : executor.stream(body, numbers(), options))
            EXPECT_EQ(static_cast<std::size_t>(*each), index++);
        EXPECT_EQ(runs()[4], expected);
    }
}

TEST_P(a_journal, lets_failures_be_tried_again_that_are_of_a_later_run) {
    auto executor = make();
    auto const body = some_fail(&seen_);
    executor.try_map(body, numbers(), journaled());
    runs();
    auto options = journaled();
    options.retry = {.times = 1, .pause = 1ms};
    auto const outcomes = executor.try_map(body, numbers(), options);
    EXPECT_EQ(outcomes[6].error().index, 6u);
    for (std::size_t n = 0; auto const each : runs())
        EXPECT_EQ(each, fails(static_cast<int>(n++)) ? 2u : 0u);
}

TEST_P(a_journal, counts_as_progress) {
    auto executor = make();
    auto const body = some_fail(&seen_);
    executor.try_map(body, numbers(), journaled());
    auto options = journaled();
    std::vector<std::pair<std::size_t, std::size_t>> told;
    options.progress = [&](std::size_t ended, std::size_t of) { told.emplace_back(ended, of); };
    executor.try_map(body, numbers(), options);
    seen_->willing = true;
    executor.map(body, numbers(), journaled());
    std::size_t const before = told.size();
    ASSERT_GT(before, 0u);
    executor.map(body, numbers(), options);
    EXPECT_GT(told.size(), before);
    for (auto const& [ended, of] : told) {
        EXPECT_EQ(of, static_cast<std::size_t>(tasks));
        EXPECT_GE(ended, tasks - failing);
        EXPECT_LE(ended, static_cast<std::size_t>(tasks));
    }
    EXPECT_EQ(told.back().first, static_cast<std::size_t>(tasks));
}

TEST_P(a_journal, leaves_records_of_what_runs_only) {
    task_recorder recorder;
    auto executor = make({}, &recorder);
    auto const body = some_fail(&seen_);
    auto const seen_by = [&](auto&& call) {
        auto const before = recorder.tasks_seen();
        call();
        return recorder.tasks_seen() - before;
    };
    auto const map = [&] { executor.try_map(body, numbers(), journaled()); };
    EXPECT_EQ(seen_by(map), static_cast<std::size_t>(tasks));
    EXPECT_EQ(seen_by(map), failing);
    std::filesystem::remove(path_);
    auto const stream = [&] {
        for (auto& each : executor.stream(body, numbers(), journaled(stream_order::as_inputs)))
            static_cast<void>(each);
    };
    EXPECT_EQ(seen_by(stream), static_cast<std::size_t>(tasks));
    EXPECT_EQ(seen_by(stream), failing);
}

TEST_P(a_journal, of_a_call_that_one_failure_stops_has_the_others) {
    auto executor = make();
    auto const body = [by = &seen_](int n) {
        ++by->runs[static_cast<std::size_t>(n)];
        if (n == 20 && !by->willing) throw std::runtime_error("no more");
        return n;
    };
    auto options = journaled();
    options.failure = on_failure::stop_all;
    auto const outcomes = executor.try_map(body, numbers(), options);
    runs();
    seen_->willing = true;
    EXPECT_EQ(executor.map(body, numbers(), options), numbers());
    EXPECT_EQ(runs(), once([&](int n) { return !outcomes[static_cast<std::size_t>(n)]; }));
}

// ---- Types of inputs and results

TEST_P(a_journal, holds_results_of_every_kind) {
    auto executor = make();
    auto const twice = [&](auto body, auto const& inputs, std::string const& name, auto&& check) {
        for (int run = 0; run < 2; ++run) {
            *seen_->runs.data() = 0;
            check(executor.map(body, inputs, {.journal = folder_ / name}));
            EXPECT_EQ(seen_->runs[0], run == 0 ? inputs.size() : 0u) << name;
        }
    };
    auto const by = &seen_;
    std::vector const few{1, 2, 3};
    twice([by](int n) { return ++by->runs[0], n % 2 == 1; }, few, "bool",
          [](std::vector<bool> const& found) {
              EXPECT_EQ(found, (std::vector{true, false, true}));
          });
    twice([by](int n) { return ++by->runs[0], only_moved(std::to_string(n)); }, few, "only_moved",
          [](std::vector<only_moved> const& found) { EXPECT_EQ(found[2].text(), "3"); });
    twice([by](std::vector<std::string> const& words) { return ++by->runs[0], words.size(); },
          std::vector<std::vector<std::string>>{{"a", "b"}, {}}, "sizes",
          [](std::vector<std::size_t> const& found) {
              EXPECT_EQ(found, (std::vector<std::size_t>{2, 0}));
          });
    twice([by](bool yes) { return ++by->runs[0], yes ? 1 : 0; }, std::vector{true, false}, "of_bool",
          [](std::vector<int> const& found) {
              EXPECT_EQ(found, (std::vector{1, 0}));
          });
    twice([by](int n) { return ++by->runs[0], std::string(3'000'000 + static_cast<std::size_t>(n), 'x'); },
          few, "large",
          [](std::vector<std::string> const& found) {
              for (std::size_t n = 0; n < 3; ++n)
                  EXPECT_EQ(found[n], std::string(3'000'001 + n, 'x'));
          });
}

TEST_P(a_journal, of_no_inputs_is_nothing_to_run) {
    auto executor = make();
    for (int run = 0; run < 2; ++run)
        EXPECT_TRUE(executor.map(some_fail(&seen_), std::vector<int>(), journaled()).empty());
    EXPECT_EQ(runs(), once(none));
}

// Values of other processes are kept meanwhile, and come once more at the end.
TEST_P(a_journal, has_each_value_once_and_most_before_the_call_has_ended) {
    auto executor = make();
    auto const records = [&] { return test::records_in(test::bytes_of(path_)); };
    std::jthread const lets_go([&] {
        wait_until([&] { return records().size() >= tasks / 2; });
        seen_->willing = true;
    });
    auto const last_waits = [by = &seen_](int n) {
        if (n == tasks - 1) wait_until([by] { return by->willing.load(); });
        return n;
    };
    EXPECT_EQ(executor.map(last_waits, numbers(), journaled()), numbers());
    std::vector<std::size_t> found(tasks);
    for (auto const& each : records())
        ++found.at(each.index);
    EXPECT_EQ(found, once(every));
}

TEST_P(a_journal, is_for_calls_that_somebody_waits_for) {
    auto executor = make();
    auto const refusal_of = [](auto&& use) -> std::string {
        try {
            use();
        } catch (std::invalid_argument const& refused) {
            return refused.what();
        }
        return "accepted";
    };
    std::string const sentence =
        "quartet: call_options::journal is for map and its kin, and for streams; a map_async and a single "
        "call "
        "keep nothing for a later run";
    auto const body = [](int n) { return n; };
    EXPECT_EQ(refusal_of([&] { static_cast<void>(executor.submit(journaled(), body, 1)); }), sentence);
    EXPECT_EQ(refusal_of([&] { static_cast<void>(executor.map_async(body, numbers(), journaled())); }),
              sentence);
    EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace quartet::conformance::journal_test
