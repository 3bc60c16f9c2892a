// says: quartet: a task awaits tasks, futures and what its context gives; another library's awaitable is awaited by
// co_await ctx.await(it)
#include <quartet/quartet.hpp>

#include <coroutine>
#include <vector>

quartet::task<void> wrong() {
    co_await quartet::gather(std::vector<std::suspend_never>(3));
}
