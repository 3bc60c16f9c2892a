// says: [-Werror=unused-result]
// flags: -Werror=unused-result
#include <quartet/quartet.hpp>

#include <chrono>

quartet::task<void> wrong(quartet::context& ctx) {
    quartet::when_all(ctx.yield(), ctx.yield());
    co_return;
}
