// says: quartet: this is awaited as it is, without ctx.await(): that is for the awaitables of other libraries
#include <quartet/quartet.hpp>

#include <chrono>

using namespace std::chrono_literals;

quartet::task<void> wrong(quartet::context& ctx) {
    co_await ctx.await(ctx.sleep_for(1s));
}
