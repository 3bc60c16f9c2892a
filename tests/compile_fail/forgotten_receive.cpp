// says: [-Werror=unused-result]
// flags: -Werror=unused-result
#include <quartet/quartet.hpp>

quartet::task<void> wrong(quartet::context& ctx, quartet::channel<int>& numbers) {
    numbers.receive(ctx);
    co_return;
}
