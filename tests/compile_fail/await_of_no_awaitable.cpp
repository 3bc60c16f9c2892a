// says: quartet: ctx.await() takes an awaitable: something with await_ready(), await_suspend() and
// await_resume(), or with an operator co_await
#include <quartet/quartet.hpp>

quartet::task<void> wrong(quartet::context& ctx) {
    co_await ctx.await(7);
}
