// says: quartet: a task awaits tasks, futures and what its context gives; another library's awaitable is awaited by
// co_await ctx.await(it)
#include <quartet/quartet.hpp>

#include <coroutine>

struct foreign {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    int await_resume() const noexcept { return 1; }
};

quartet::task<int> wrong(quartet::context&) {
    co_return co_await foreign();
}
