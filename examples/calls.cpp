// Single calls: begun now, waited for later, cancelled, tried again. The model is the argument.
#include <quartet/quartet.hpp>

#include <chrono>
#include <cstddef>
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

    // [then]
    auto length = executor.submit(greet, "Bob", 1).then([](std::string text) { return text.size(); });
    std::cout << "its length: " << length.get() << '\n';
    // [/then]

    // [several]
    std::vector<quartet::future<std::string>> greetings;
    for (char const* const name : {"Ada", "Bob", "Eve"})
        greetings.push_back(executor.submit(greet, name, 1));
    std::size_t letters = 0;
    for (auto& each : quartet::as_completed(greetings))  // in the order in which they end
        letters += each.get().size();
    std::cout << "three greetings have " << letters << " letters\n";
    // [/several]

    // [map_async]
    auto squares = executor.map_async([](int n) { return n * n; }, std::vector{1, 2, 3});
    std::cout << "there are " << squares.get().size() << " squares\n";
    // [/map_async]

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
