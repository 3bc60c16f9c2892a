// A model that the library does not know, with a context of its own: made of public headers alone, and used
// as quartet's own ones are.
#include <quartet/backend/loop.hpp>
#include <quartet/backend/model.hpp>
#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

namespace quartet::conformance::own_model_test {
namespace {

using namespace std::chrono_literals;

/// Operations are done at once, on the thread of the body.
class thread_context final : public context, private blocking_thread {
public:
    explicit thread_context(job& work)
        : context({.name = "backwards-0", .number = 0, .process_id = getpid()}, work.stop().word()),
          stop_(work.stop()) {}

private:
    bool start(operation& begun) override {
        if (stop_requested() && begun.ends_with_body()) {
            begun.error = std::make_exception_ptr(cancelled());
        } else {
            begun.perform(*this);
        }
        return true;
    }
    std::atomic<std::uint32_t> const& stop_word() const noexcept override { return context::stop_word(); }
    std::stop_token do_stop_token() override { return stop_.token(); }
    void warn(std::string_view) override {}
    void do_log(std::string_view) override {}

    detail::stop_state& stop_;
};

/// Runs job after job on a thread of its own, and of each the last body first.
class backwards final : public model {
public:
    ~backwards() override {
        stop();
        join();
        {
            std::lock_guard const lock(mutex_);
            ending_ = true;
        }
        changed_.notify_all();
    }

    void start(job& work) override {
        std::lock_guard const lock(mutex_);
        jobs_.push_back(&work);
        ++unfinished_;
        changed_.notify_all();
    }
    void stop() noexcept override {
        std::lock_guard const lock(mutex_);
        for (job* const each : jobs_)
            each->stop().request();
    }
    void join() noexcept override {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return unfinished_ == 0; });
    }
    std::string spec() const override { return "backwards"; }
    model_traits traits() const noexcept override {
        return {.can_kill = false, .shares_memory = true, .survives_crash = false};
    }
    std::size_t concurrency() const noexcept override { return 1; }

private:
    void run() {
        while (job* const work = next()) {
            thread_context ctx(*work);
            for (std::size_t index = work->size(); index-- > 0;) {
                if (work->stop().requested()) {
                    work->cancel(index, index + 1);
                } else {
                    work->run(ctx, index, index + 1);
                }
            }
            {
                std::lock_guard const lock(mutex_);
                jobs_.pop_front();
            }
            if (work->count_off(work->size())) work->finish();
            std::lock_guard const lock(mutex_);
            --unfinished_;
            changed_.notify_all();
        }
    }

    /// Stays in the line while it runs. Null if no job will come any more.
    job* next() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !jobs_.empty() || ending_; });
        return jobs_.empty() ? nullptr : jobs_.front();
    }

    std::mutex mutex_;  // guards what follows
    std::condition_variable changed_;
    std::deque<job*> jobs_;
    std::size_t unfinished_ = 0;
    bool ending_ = false;
    std::jthread thread_{[this] { run(); }};  // last: it uses the others
};

executor make() {
    return executor(std::make_unique<backwards>());
}

TEST(an_own_model, runs_its_bodies_in_its_own_way) {
    auto executor = make();
    std::vector<int> order;
    auto const squares = executor.map(
        [&order](int n) {
            order.push_back(n);
            return n * n;
        },
        std::vector{1, 2, 3, 4});
    EXPECT_EQ(std::vector<int>(squares.begin(), squares.end()), (std::vector{1, 4, 9, 16}));
    EXPECT_EQ(order, (std::vector{4, 3, 2, 1}));
    EXPECT_EQ(executor.spec(), "backwards");
}

TEST(an_own_model, has_bodies_that_await) {
    auto executor = make();
    auto const body = [](context& ctx, int n) -> task<std::string> {
        co_await ctx.sleep_for(1ms);
        co_return ctx.where().name + std::to_string(n) +
            co_await ctx.offload([] { return std::string("!"); });
    };
    EXPECT_EQ(executor.map(body, std::vector{7})[0], "backwards-07!");
}

TEST(an_own_model, tells_which_bodies_failed) {
    auto executor = make();
    auto const outcomes = executor.try_map(
        [](int n) {
            if (n == 2) throw std::runtime_error("two");
            return n;
        },
        std::vector{1, 2, 3});
    EXPECT_EQ(outcomes[0].value(), 1);
    EXPECT_EQ(outcomes[1].error().message, "two");
    EXPECT_EQ(outcomes[2].value(), 3);
}

TEST(an_own_model, has_futures_streams_and_further_tries) {
    auto executor = make();
    std::atomic<int> tries = 0;
    call_options options;
    options.retry.times = 3;
    auto late = executor.submit(options, [&tries] {
        if (++tries < 3) throw std::runtime_error("not yet");
        return 5;
    });
    EXPECT_EQ(late.get(), 5);
    int sum = 0;
    for (auto const& each : executor.stream([](int n) { return n; }, std::vector{1, 2, 3}))
        sum += each.value();
    EXPECT_EQ(sum, 6);
}

TEST(an_own_model, ends_its_bodies_when_it_is_stopped) {
    auto executor = make();
    std::stop_source stop;
    std::jthread const stopper([&stop] {
        std::this_thread::sleep_for(20ms);
        stop.request_stop();
    });
    auto const body = [](context& ctx, int) -> task<int> {
        co_await ctx.sleep_for(1h);
        co_return 0;
    };
    auto const outcomes = executor.try_map(body, std::vector{1, 2}, {.stop = stop.get_token()});
    for (auto const& each : outcomes) {
        ASSERT_FALSE(each.has_value());
        EXPECT_EQ(each.error().why, cause::cancelled);
    }
}

TEST(an_own_model, may_end_while_bodies_wait) {
    auto executor = make();
    auto waits = executor.submit([](context& ctx) -> task<int> {
        co_await ctx.sleep_for(1h);
        co_return 0;
    });
    { auto const ended = std::move(executor); }
    EXPECT_THROW(waits.get(), task_error);
}

}  // namespace
}  // namespace quartet::conformance::own_model_test
