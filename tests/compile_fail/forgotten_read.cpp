// says: [-Werror=unused-result]
// flags: -Werror=unused-result
#include <quartet/quartet.hpp>

#include <chrono>

quartet::task<void> wrong(quartet::context& ctx) {
    ctx.read_file("a");
    co_return;
}
