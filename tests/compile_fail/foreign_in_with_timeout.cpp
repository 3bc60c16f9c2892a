// says: quartet: a task awaits tasks and what its context gives, and this is another library's awaitable or
// none
#include <quartet/quartet.hpp>

#include <chrono>
#include <coroutine>

quartet::task<void> wrong(quartet::context& ctx) {
    co_await ctx.with_timeout(std::chrono::seconds(1), std::suspend_never());
}
