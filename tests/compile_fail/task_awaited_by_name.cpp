// says: quartet: a task is awaited once, and used up by it: co_await std::move(the_task)
#include <quartet/quartet.hpp>

quartet::task<int> one();

quartet::task<int> wrong() {
    auto first = one();
    co_return co_await first;
}
