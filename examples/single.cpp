// Single-threaded: one task after another. No task begins before the one before it has ended, so the times
// of the tasks add up.
#include <quartet/quartet.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

// [dig]
quartet::task<int> dig(quartet::context& ctx, std::string tool) {
    std::cout << tool << ": begins\n";
    co_await ctx.sleep_for(10ms);
    std::cout << tool << ": ends\n";
    co_return 1;
}
// [/dig]

int main() {
    // [map]
    auto executor = quartet::make_executor("single");
    std::vector<std::string> const tools{"shovel", "pickaxe", "wheelbarrow"};
    int done = 0;
    for (int one : executor.map(dig, tools))
        done += one;
    std::cout << done << " tasks, one after another\n";
    // [/map]
}
