// says: quartet: a task awaits tasks, futures and what its context gives; another library's awaitable is awaited by
// co_await ctx.await(it)
#include <quartet/quartet.hpp>

#include <chrono>
#include <future>

quartet::task<void> wrong(quartet::context& ctx) {
    co_await quartet::when_any(ctx.sleep_for(std::chrono::seconds(1)), std::future<int>());
}
