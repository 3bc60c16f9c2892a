#include <quartet/task.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace quartet::task_test {
namespace {

/// Counts how many are alive.
struct counted {
    explicit counted(int& count) : alive(&count) { ++*alive; }
    counted(counted const& other) : alive(other.alive) { ++*alive; }
    counted& operator=(counted const&) = default;
    ~counted() { --*alive; }
    int* alive;
};

/// Suspends until somebody calls resume().
struct gate : detail::own_awaiter {
    std::coroutine_handle<> waiting;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> who) noexcept { waiting = who; }
    void await_resume() const noexcept {}
    void resume() { std::exchange(waiting, {}).resume(); }
};

task<int> answer(int value) {
    co_return value;
}
task<std::string> fail() {
    throw std::out_of_range("no such thing");
    co_return "";
}
task<int> holding(counted, gate& until) {
    co_await until;
    co_return 1;
}
task<int> sum_of_two() {
    co_return co_await answer(40) + co_await answer(2);
}
task<int> outer(gate& until) {
    co_await until;
    co_return co_await answer(7);
}
task<int> waits_for(task<int> inner) {
    co_return 1 + co_await std::move(inner);
}

TEST(Task, DoesNothingUntilItIsStarted) {
    bool ran = false;
    auto const body = [](bool& flag) -> task<void> {
        flag = true;
        co_return;
    };
    auto lazy = body(ran);
    EXPECT_FALSE(ran);
    lazy.start();
    EXPECT_TRUE(ran);
    EXPECT_TRUE(lazy.done());
    lazy.take();
}

TEST(Task, GivesItsValue) {
    auto body = answer(3);
    body.start();
    EXPECT_EQ(body.take(), 3);
}

TEST(Task, GivesItsException) {
    auto body = fail();
    body.start();
    EXPECT_THROW(body.take(), std::out_of_range);
}

TEST(Task, AwaitsOthersWithoutSuspending) {
    auto body = sum_of_two();
    body.start();
    ASSERT_TRUE(body.done());
    EXPECT_EQ(body.take(), 42);
}

TEST(Task, GoesOnWhenWhatItAwaitsHasEnded) {
    gate until;
    auto body = waits_for(outer(until));
    body.start();
    EXPECT_FALSE(body.done());
    until.resume();
    ASSERT_TRUE(body.done());
    EXPECT_EQ(body.take(), 8);
}

TEST(Task, DestroysItsParametersOnce) {
    int alive = 0;
    gate until;
    {
        auto body = holding(counted(alive), until);
        EXPECT_EQ(alive, 1);
        body.start();
        until.resume();
        EXPECT_EQ(body.take(), 1);
    }
    EXPECT_EQ(alive, 0);
}

TEST(Task, DestroysItsParametersIfItNeverRan) {
    int alive = 0;
    gate until;
    { auto const body = holding(counted(alive), until); }
    EXPECT_EQ(alive, 0);
}

TEST(Task, AMovedFromTaskOwnsNothing) {
    int alive = 0;
    gate until;
    auto body = holding(counted(alive), until);
    auto other = std::move(body);
    body = holding(counted(alive), until);
    EXPECT_EQ(alive, 2);
    other = std::move(body);
    EXPECT_EQ(alive, 1);
}

TEST(Task, TellsItsListenerAtTheEnd) {
    struct listener final : detail::task_listener {
        int calls = 0;
        std::coroutine_handle<> ended() noexcept override {
            ++calls;
            return std::noop_coroutine();
        }
    } heard;
    gate until;
    auto body = outer(until);
    body.start();
    body.set_listener(&heard);
    EXPECT_EQ(heard.calls, 0);
    until.resume();
    EXPECT_EQ(heard.calls, 1);
}

TEST(Task, MoveOnlyValuesPassThrough) {
    auto const body = [](int value) -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(value); };
    auto made = body(5);
    made.start();
    EXPECT_EQ(*made.take(), 5);
}

}  // namespace
}  // namespace quartet::task_test
