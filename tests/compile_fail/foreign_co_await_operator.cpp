// says: quartet: a task awaits tasks, futures and what its context gives; another library's awaitable is awaited by
// co_await ctx.await(it)
#include <quartet/quartet.hpp>

#include <coroutine>

struct foreign {
    std::suspend_always operator co_await() const noexcept { return {}; }
};

quartet::task<void> wrong(foreign& what) {
    co_await what;
}
