// A coroutine is a function that can be left in the middle and entered again. Here two of them count to
// three and leave after each number, so that on an event loop they take turns, while a single thread with
// a blocking context runs them straight through. Then an hour passes in no time, by a virtual clock.
#include <quartet/fake.hpp>
#include <quartet/quartet.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;

// [count]
quartet::task<void> count_to_three(quartet::context& ctx, std::string name) {
    for (int number = 1; number <= 3; ++number) {
        std::cout << name << ' ' << number << '\n';
        co_await ctx.yield();  // left here, and entered again here
    }
}
// [/count]

quartet::task<void> wait_an_hour(quartet::context& ctx, std::string name) {
    co_await ctx.sleep_for(1h);
    std::cout << name << " has waited\n";
}

int main() {
    std::vector<std::string> const names{"Ada", "Bob"};

    // [turns]
    std::cout << "async:\n";
    quartet::make_executor("async").map(count_to_three, names);
    std::cout << "single:\n";
    quartet::make_executor("single").map(count_to_three, names);
    // [/turns]

    // [clock]
    quartet::fake_world world;
    quartet::executor executor(std::make_unique<quartet::fake>(world));
    executor.map(wait_an_hour, names);
    std::cout << "virtual hours: " << world.now() / 1h << '\n';
    // [/clock]
}
