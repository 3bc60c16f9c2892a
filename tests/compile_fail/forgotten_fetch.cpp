// says: [-Werror=unused-result]
// flags: -Werror=unused-result
#include <quartet/quartet.hpp>

#include <chrono>

quartet::task<void> wrong(quartet::context& ctx) {
    ctx.fetch(quartet::http_request("http://localhost"));
    co_return;
}
