// Multithreading: a thread for each task, all in one process. They share its memory, so a counter that they
// all change is atomic.
#include <quartet/quartet.hpp>

#include <atomic>
#include <iostream>
#include <ranges>
#include <string>

// [doubler]
std::atomic<int> calls = 0;

quartet::task<std::string> doubler(quartet::context& ctx, int number) {
    ++calls;
    co_return ctx.where().name + ": " + std::to_string(number * 2);
}
// [/doubler]

int main() {
    // [map]
    auto executor = quartet::make_executor("threads:each");
    for (auto const& line : executor.map(doubler, std::views::iota(0, 5)))
        std::cout << line << '\n';
    std::cout << "calls in the memory that all share: " << calls << '\n';
    // [/map]
}
