// says: quartet: context::with_timeout needs #include <quartet/structured.hpp>
#include <quartet/context.hpp>

#include <chrono>

quartet::task<void> wrong(quartet::context& ctx) {
    co_await ctx.with_timeout(std::chrono::seconds(1), ctx.sleep_for(std::chrono::seconds(2)));
}
