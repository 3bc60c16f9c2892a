// Asynchronous: one thread and an event loop. A task that waits lets the others run, so a thousand waits
// of a tenth of a second take hardly longer than one.
#include <quartet/quartet.hpp>

#include <chrono>
#include <iostream>
#include <ranges>
#include <vector>

using namespace std::chrono_literals;

// [hello]
quartet::task<void> hello(quartet::context& ctx, std::chrono::milliseconds wait) {
    std::cout << "Hello ...\n";
    co_await ctx.sleep_for(wait);
    std::cout << "... World!\n";
}
// [/hello]

quartet::task<void> wait(quartet::context& ctx, std::chrono::milliseconds duration) {
    co_await ctx.sleep_for(duration);
}

int main() {
    // [run]
    quartet::make_executor("async").submit(hello, 10ms).get();
    // [/run]

    // [map]
    auto executor = quartet::make_executor("async:1000");
    executor.map(hello, std::vector{20ms, 10ms});
    // [/map]

    // [many]
    auto const start = std::chrono::steady_clock::now();
    executor.map(wait, std::vector(1000, 100ms));
    bool const overlapped = std::chrono::steady_clock::now() - start < 1000 * 100ms / 10;
    std::cout << "1000 waits of 0.1 s " << (overlapped ? "overlap" : "do not overlap") << '\n';
    // [/many]
}
