// says: quartet: a task awaits tasks and what its context gives, and this is another library's awaitable or
// none
#include <quartet/quartet.hpp>

#include <coroutine>
#include <vector>

quartet::task<void> wrong() {
    co_await quartet::gather(std::vector<std::suspend_never>(3));
}
