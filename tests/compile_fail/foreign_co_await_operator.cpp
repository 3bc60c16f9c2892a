// says: quartet: a task awaits tasks and what its context gives, and this is another library's awaitable or
// none
#include <quartet/quartet.hpp>

#include <coroutine>

struct foreign {
    std::suspend_always operator co_await() const noexcept { return {}; }
};

quartet::task<void> wrong(foreign& what) {
    co_await what;
}
