// says: [-Werror=unused-result]
// flags: -Werror=unused-result
#include <quartet/quartet.hpp>

quartet::task<void> wrong(quartet::context& ctx) {
    ctx.suspend([](quartet::resumer<void> done) { done(); });
    co_return;
}
