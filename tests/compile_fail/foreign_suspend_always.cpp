// says: quartet: a task awaits tasks and what its context gives, and this is another library's awaitable or
// none
#include <quartet/quartet.hpp>

#include <coroutine>

void wrong(quartet::executor& executor) {
    executor.submit([](quartet::context&) -> quartet::task<void> { co_await std::suspend_always(); }).get();
}
