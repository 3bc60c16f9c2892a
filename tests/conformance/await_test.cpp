// Awaiting what other libraries give, under every model: awaitables that are resumed by other threads, at
// once, late, never.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/conformance/stopped.hpp"

#include <chrono>
#include <coroutine>
#include <memory>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace quartet::conformance::await_test {
namespace {

using namespace std::chrono_literals;

/// As another library would have it: its own thread resumes who awaits.
class answer_of_a_thread {
public:
    explicit answer_of_a_thread(int value, std::string problem = {})
        : value_(value), problem_(std::move(problem)) {}

    bool await_ready() const noexcept { return value_ == 0; }
    void await_suspend(std::coroutine_handle<> waiter) {
        std::thread([waiter] { waiter.resume(); }).detach();
    }
    std::unique_ptr<int> await_resume() const {
        if (!problem_.empty()) throw std::runtime_error(problem_);
        return std::make_unique<int>(value_);
    }

private:
    int value_;
    std::string problem_;
};

struct with_a_member {
    int value;
    answer_of_a_thread operator co_await() const { return answer_of_a_thread(value); }
};
struct with_a_function {
    int value;
};
answer_of_a_thread operator co_await(with_a_function what) {
    return answer_of_a_thread(what.value);
}

/// What it gives is a reference, or nothing.
struct a_reference {
    std::string const* to;
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    std::string const& await_resume() const noexcept { return *to; }
};
struct nothing_soon {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) const {
        std::thread([waiter] { waiter.resume(); }).detach();
    }
    void await_resume() const noexcept {}
};

class a_foreign_awaitable : public any_model {};
QUARTET_SUITE(a_foreign_awaitable, all_rows());

TEST_P(a_foreign_awaitable, gives_its_value) {
    auto const body = [](context& ctx, int n) -> task<int> {
        auto const here = std::this_thread::get_id();
        auto const first = co_await ctx.await(answer_of_a_thread(n));
        auto const second = co_await ctx.await(with_a_member{n});
        auto const third = co_await ctx.await(with_a_function{n});
        co_return std::this_thread::get_id() == here ? *first + *second + *third : -1;
    };
    std::vector<int> inputs(20);
    std::iota(inputs.begin(), inputs.end(), 0);
    auto const values = make().map(body, inputs);
    for (int n : inputs)
        EXPECT_EQ(values[static_cast<std::size_t>(n)], 3 * n);
}

TEST_P(a_foreign_awaitable, may_give_a_reference_or_nothing) {
    auto const body = [](context& ctx, int n) -> task<std::string> {
        std::string const text(static_cast<std::size_t>(n), 'x');
        co_await ctx.await(nothing_soon());
        co_return co_await ctx.await(a_reference{&text});
    };
    EXPECT_EQ(make().map(body, std::vector{1, 2}), (std::vector<std::string>{"x", "xx"}));
}

TEST_P(a_foreign_awaitable, throws_into_the_body) {
    auto const body = [](context& ctx, int n) -> task<int> {
        co_return *co_await ctx.await(answer_of_a_thread(n, "no " + std::to_string(n)));
    };
    auto const outcomes = make().try_map(body, std::vector{0, 1});
    for (int n : {0, 1}) {
        auto const& each = outcomes[static_cast<std::size_t>(n)];
        ASSERT_FALSE(each.has_value());
        EXPECT_EQ(each.error().message, "no " + std::to_string(n));
    }
}

TEST_P(a_foreign_awaitable, is_one_of_several) {
    auto const body = [](context& ctx, int n) -> task<int> {
        auto [first, second] =
            co_await when_all(ctx.await(answer_of_a_thread(n)), ctx.await(with_a_member{n}));
        co_return *first + *second;
    };
    EXPECT_EQ(make().map(body, std::vector{1, 2}), (std::vector{2, 4}));
}

/// Keeps who awaits it until it is asked to resume him.
class a_bell {
public:
    struct ringing {
        a_bell* of;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> waiter) const {
            std::lock_guard const lock(of->mutex_);
            of->waiters_.push_back(waiter);
        }
        void await_resume() const noexcept {}
    };
    ringing rings() noexcept { return {this}; }

    std::size_t ring() {
        std::vector<std::coroutine_handle<>> woken;
        {
            std::lock_guard const lock(mutex_);
            woken = std::exchange(waiters_, {});
        }
        for (auto each : woken)
            each.resume();
        return woken.size();
    }

private:
    std::mutex mutex_;
    std::vector<std::coroutine_handle<>> waiters_;
};

TEST_P(a_foreign_awaitable, may_be_resumed_when_its_body_does_not_wait_any_more) {
    auto const body = [](context& ctx, int) -> task<int> {
        a_bell bell;
        bool late = false;
        try {
            co_await ctx.with_timeout(5ms, ctx.await(bell.rings()));
        } catch (timed_out const&) {
            late = true;
        }
        co_return late&& bell.ring() == 1 ? 1 : 0;
    };
    EXPECT_EQ(make().map(body, std::vector{1, 2, 3}), (std::vector{1, 1, 1}));
}

TEST_P(a_foreign_awaitable, is_not_waited_for_after_a_stop) {
    if (!GetParam().real_io) return;  // a fake ends what nobody can end
    auto const body = [](context& ctx, int) -> task<int> {
        a_bell bell;
        try {
            co_await ctx.await(bell.rings());
        } catch (cancelled const&) {
            bell.ring();
            throw;
        }
        co_return 1;
    };
    auto executor = make();
    expect_cancelled(stopped(std::move(executor), body, wait_a_moment));
}

}  // namespace
}  // namespace quartet::conformance::await_test
