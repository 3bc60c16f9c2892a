// says: quartet: a task awaits tasks, futures and what its context gives; another library's awaitable is awaited by
// co_await ctx.await(it)
#include <quartet/quartet.hpp>

#include <coroutine>

void wrong(quartet::executor& executor) {
    executor.submit([](quartet::context&) -> quartet::task<void> { co_await std::suspend_always(); }).get();
}
