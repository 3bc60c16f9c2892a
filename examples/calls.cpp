// Single calls: begun now, waited for later, cancelled, tried again. The model is the argument.
#include <quartet/quartet.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

// [body]
quartet::task<std::string> greet(quartet::context& ctx, std::string name, int times) {
    co_await ctx.sleep_for(1ms);
    std::string greeting;
    for (int n = 0; n < times; ++n)
        greeting += "hello " + name + "; ";
    co_return greeting;
}
// [/body]

int main(int argc, char** argv) {
    auto executor = quartet::make_executor(argc > 1 ? argv[1] : "processes:2+async:10");

    // [submit]
    auto greeting = executor.submit(greet, "Ada", 2);
    auto square = executor.submit([](int n) { return n * n; }, 7);
    std::cout << greeting.get() << square.get() << '\n';
    // [/submit]

    // [cancel]
    auto endless = executor.submit([](quartet::context& ctx) -> quartet::task<void> {
        for (;;)
            co_await ctx.sleep_for(1h);
    });
    if (!endless.wait_for(10ms)) endless.cancel();
    std::cout << "endless: " << to_string(endless.take().error().why) << '\n';
    // [/cancel]

    // [retry]
    auto const unreliable = [](int n) {
        if (n == 2) throw std::runtime_error("not today");
        return n;
    };
    quartet::call_options options;
    options.retry = {.times = 2, .pause = 1ms, .when = [](quartet::failure const& why) {
                         std::cout << "task " << why.index << ": " << why.message << '\n';
                         return why.why == quartet::cause::threw;
                     }};
    auto const outcomes = executor.try_map(unreliable, std::vector{1, 2, 3}, options);
    std::cout << "in the end: " << outcomes[1].error().message << '\n';
    // [/retry]
}
