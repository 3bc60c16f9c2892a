// says: quartet: a task awaits tasks and what its context gives, and this is another library's awaitable or
// none
#include <quartet/quartet.hpp>

#include <chrono>
#include <future>

quartet::task<void> wrong(quartet::context& ctx) {
    co_await quartet::when_any(ctx.sleep_for(std::chrono::seconds(1)), std::future<int>());
}
