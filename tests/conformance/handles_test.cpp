// Handles with nothing behind them: each use is a std::logic_error with a sentence, under every model, and
// never a null pointer.
#include "tests/conformance/models.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace quartet::conformance::handles_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

/// That `use` throws std::logic_error whose text has `words`.
void expect_misuse(std::string const& words, auto&& use) {
    try {
        use();
        ADD_FAILURE() << "nothing was thrown about: " << words;
    } catch (std::logic_error const& thrown) {
        EXPECT_THAT(thrown.what(), StartsWith("quartet: "));
        EXPECT_THAT(thrown.what(), HasSubstr(words));
    }
}

int twice(int n) {
    return 2 * n;
}

template <class R>
void expect_empty(future<R>& none) {
    EXPECT_FALSE(none.valid());
    expect_misuse("future", [&] { none.get(); });
    expect_misuse("future", [&] { none.take(); });
    expect_misuse("future", [&] { none.wait(); });
    expect_misuse("future", [&] { none.wait_for(1ms); });
    expect_misuse("future", [&] { none.done(); });
    expect_misuse("future", [&] { none.stopping(); });
    expect_misuse("future", [&] { none.cancel(); });
}

class a_handle : public any_model {};
QUARTET_SUITE(a_handle, all_rows());

TEST_P(a_handle, of_no_call_says_so) {
    future<int> made_empty;
    expect_empty(made_empty);
    auto executor = make();
    auto first = executor.submit(twice, 4);
    auto second = std::move(first);
    expect_empty(first);
    EXPECT_EQ(second.get(), 8);
    expect_empty(second);
    second = executor.submit(twice, 5);
    EXPECT_EQ(second.take().value(), 10);
    expect_empty(second);
    auto nothing = executor.submit([] {});
    nothing.get();
    expect_empty(nothing);
    second = executor.submit(twice, 6);
    auto& itself = second;
    second = std::move(itself);
    EXPECT_EQ(second.get(), 12);
}

TEST_P(a_handle, of_an_executor_that_was_moved_from_says_so) {
    auto executor = make();
    auto const moved = std::move(executor);
    std::vector const inputs{1, 2};
    expect_misuse("moved", [&] { executor.map(twice, inputs); });
    expect_misuse("moved", [&] { executor.map(twice, std::vector<int>()); });
    expect_misuse("moved", [&] { executor.try_map(twice, inputs); });
    expect_misuse("moved", [&] { executor.for_each(twice, inputs); });
    expect_misuse("moved", [&] { executor.starmap(twice, std::vector<std::tuple<int>>{{1}}); });
    expect_misuse("moved", [&] { static_cast<void>(executor.submit(twice, 1)); });
    call_options again;
    again.retry.times = 1;
    expect_misuse("moved", [&] { static_cast<void>(executor.submit(again, twice, 1)); });
    expect_misuse("moved", [&] { executor.stream(twice, inputs); });
    expect_misuse("moved", [&] { executor.join(); });
    expect_misuse("moved", [&] { executor.stop(); });
    expect_misuse("moved", [&] { static_cast<void>(executor.spec()); });
    expect_misuse("moved", [&] { static_cast<void>(executor.reason()); });
    expect_misuse("moved", [&] { static_cast<void>(executor.traits()); });
    expect_misuse("moved", [&] { static_cast<void>(executor.concurrency()); });
    executor = make();
    EXPECT_EQ(executor.map(twice, inputs), (std::vector{2, 4}));
}

TEST_P(a_handle, of_a_stream_that_was_moved_from_says_so) {
    auto executor = make();
    auto stream = executor.stream(twice, std::vector{1, 2});
    auto moved = std::move(stream);
    expect_misuse("stream", [&] { stream.next(); });
    expect_misuse("stream", [&] { stream.begin(); });
    expect_misuse("stream", [&] { stream.stop(); });
    auto at = moved.begin();
    EXPECT_EQ(at->value(), 2);
    ++at;
    EXPECT_EQ(at->value(), 4);
    ++at;
    expect_misuse("end", [&] { static_cast<void>(at->value()); });
    expect_misuse("end", [&] { static_cast<void>(*at); });
    ++at;
    EXPECT_TRUE(at == moved.end());
}

task<int> three(context& ctx) {
    co_await ctx.yield();
    co_return 3;
}

/// What awaiting a used task says.
task<std::string> await_twice(context& ctx, int how) {
    auto used = three(ctx);
    auto const moved = [](task<int> what) { return what; };
    if (how == 0) co_await std::move(used);
    std::optional<task<int>> kept;
    if (how == 1) kept.emplace(moved(std::move(used)));
    if (how == 2) {
        kept.emplace(moved(std::move(used)));
        used = moved(std::move(*kept));
        co_await std::move(used);
    }
    try {
        if (how == 2) {
            co_await when_all(three(ctx), std::move(used));
        } else {
            co_await std::move(used);
        }
    } catch (std::logic_error const& thrown) {
        co_return thrown.what();
    }
    co_return "nothing";
}

TEST_P(a_handle, of_a_task_that_was_used_says_so) {
    auto executor = make();
    auto const texts = executor.map(await_twice, std::vector{0, 1, 2});
    EXPECT_THAT(texts[0], StartsWith("quartet: a task is started or awaited once"));
    EXPECT_THAT(texts[1], StartsWith("quartet: this task was moved from"));
    EXPECT_THAT(texts[2], StartsWith("quartet: a task among those that are awaited together"));
}

TEST_P(a_handle, that_a_body_returns_empty_is_a_failed_task) {
    auto executor = make();
    auto const outcomes = executor.try_map(
        [](context& ctx, int) {
            auto real = three(ctx);
            auto const other = std::move(real);
            return real;
        },
        std::vector{1});
    ASSERT_FALSE(outcomes[0]);
    EXPECT_EQ(outcomes[0].error().why, cause::threw);
    EXPECT_THAT(outcomes[0].error().message, HasSubstr("this task was moved from"));
}

/// What a file says that was closed or moved from.
task<std::string> use_after(context& ctx, std::string path, bool close) {
    auto opened = co_await ctx.open_file(path, open_mode::append);
    co_await opened.append("kept");
    std::optional<file> other;
    if (close)
        co_await opened.close();
    else
        other.emplace(std::move(opened));
    std::string texts;
    try {
        co_await opened.append("lost");
    } catch (std::logic_error const& thrown) {
        texts += thrown.what();
    }
    try {
        co_await opened.flush();
    } catch (std::logic_error const& thrown) {
        texts += thrown.what();
    }
    try {
        co_await opened.read_at(0, 1);
    } catch (std::logic_error const& thrown) {
        texts += thrown.what();
    }
    try {
        co_await opened.close();
    } catch (std::logic_error const& thrown) {
        texts += thrown.what();
    }
    co_return texts;
}

TEST_P(a_handle, of_a_file_that_was_closed_or_moved_from_says_so) {
    temporary_folder folder;
    auto executor = make();
    auto const of_closed = executor.submit(use_after, folder / "closed", true).get();
    EXPECT_EQ(of_closed,
              "quartet: this file was closedquartet: this file was closed"
              "quartet: this file was closedquartet: this file was closed");
    auto const of_moved = executor.submit(use_after, folder / "moved", false).get();
    EXPECT_EQ(of_moved,
              "quartet: this file was moved fromquartet: this file was moved from"
              "quartet: this file was moved fromquartet: this file was moved from");
}

/// Awaits one send and one receive twice each.
task<std::string> await_channel_twice(context& ctx) {
    channel<std::string> texts(3);
    auto send = texts.send(ctx, "once");
    co_await send;
    std::string said;
    try {
        co_await send;
    } catch (std::logic_error const& thrown) {
        said = thrown.what();
    }
    texts.close();
    auto receive = texts.receive(ctx);
    auto const first = co_await receive;
    auto const second = co_await receive;
    co_return said + '|' + first.value_or("none") + '|' + second.value_or("none");
}

TEST_P(a_handle, of_a_channels_operation_gives_each_value_once) {
    auto executor = make();
    EXPECT_EQ(executor.submit(await_channel_twice).get(),
              "quartet: this send was awaited before, and its value is gone|once|none");
}

TEST(an_executor_without_a_model, is_refused) {
    EXPECT_THROW(executor(std::unique_ptr<model>()), std::invalid_argument);
}

TEST(a_task, outside_of_a_body_says_what_was_done_before) {
    auto const body = []() -> task<std::string> { co_return "value"; };
    auto used = body();
    expect_misuse("has ended", [&] { used.take(); });
    used.start();
    expect_misuse("once", [&] { used.start(); });
    EXPECT_EQ(used.take(), "value");
    expect_misuse("once", [&] { used.take(); });
    auto const other = std::move(used);
    expect_misuse("moved from", [&] { used.start(); });
    expect_misuse("moved from", [&] { used.done(); });
    expect_misuse("moved from", [&] { used.failed(); });
    expect_misuse("moved from", [&] { used.take(); });
    expect_misuse("moved from", [&] { used.set_listener(nullptr); });
    EXPECT_FALSE(used.valid());
}

TEST(an_outcome, is_not_read_as_what_it_is_not) {
    outcome<int> const good(1);
    outcome<int> const bad(failure{.why = cause::worker_died, .message = "gone"});
    expect_misuse("has a value", [&] { static_cast<void>(good.error()); });
    EXPECT_THROW(static_cast<void>(*bad), task_error);
    outcome<std::string> const text(failure{.message = "gone"});
    EXPECT_THROW(static_cast<void>(text->size()), task_error);
    EXPECT_EQ(map_error({}, 3).tasks(), 3u);
}

TEST(a_shared_array, that_was_moved_from_is_empty) {
    shared_array<int> numbers(std::vector{1, 2});
    auto const moved = std::move(numbers);
    EXPECT_EQ(numbers.size(), 0u);
    EXPECT_THROW(static_cast<void>(numbers.view().span()), std::runtime_error);
    EXPECT_EQ(moved.view().span()[1], 2);
}

}  // namespace
}  // namespace quartet::conformance::handles_test
