// says: [-Werror=unused-result]
// flags: -Werror=unused-result
#include <quartet/quartet.hpp>

#include <chrono>

quartet::task<void> wrong(quartet::context& ctx) {
    ctx.with_timeout(std::chrono::seconds(1), ctx.yield());
    co_return;
}
