// Single calls: submit begins one and gives a future, a stream gives results as they are ready.
#include <quartet/quartet.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

// [body]
int divide(int what, int by) {
    if (by == 0) throw std::domain_error("by zero");
    return what / by;
}
// [/body]

// [slow]
quartet::task<std::string> ask(quartet::context& ctx, std::string name, std::chrono::milliseconds wait) {
    co_await ctx.sleep_for(wait);
    co_return name;
}
// [/slow]

int main() {
    // [submit]
    auto pool = quartet::make_executor("processes:2");
    auto half = pool.submit(divide, 42, 2);  // does not wait
    auto wrong = pool.submit(divide, 42, 0);
    std::cout << half.get() << '\n';  // waits
    try {
        wrong.get();
    } catch (std::domain_error const& error) {
        std::cout << "failed: " << error.what() << '\n';
    }
    // [/submit]

    // [starmap]
    std::vector<std::pair<int, int>> const pairs{{10, 5}, {9, 3}};
    for (int quotient : pool.starmap(divide, pairs))
        std::cout << quotient << '\n';
    // [/starmap]

    // [await]
    auto loop = quartet::make_executor("async");
    auto const quarter = [computes = &pool](quartet::context&, int n) -> quartet::task<int> {
        int const once = co_await computes->submit(divide, n, 2);  // in a process; the loop goes on
        co_return co_await computes->submit(divide, once, 2);
    };
    for (int each : loop.map(quarter, std::vector{20, 40}))
        std::cout << "a quarter: " << each << '\n';
    // [/await]

    // [wait_for]
    auto late = loop.submit(ask, std::string("Ada"), 1h);
    if (!late.wait_for(10ms)) late.cancel();  // wait_for ends the wait, cancel the call
    std::cout << "Ada's answer: " << to_string(late.take().error().why) << '\n';
    // [/wait_for]

    // [as_completed]
    auto const first = [](quartet::context& ctx, std::pair<std::string, std::chrono::milliseconds> whom) {
        return ask(ctx, whom.first, whom.second);
    };
    std::vector<std::pair<std::string, std::chrono::milliseconds>> const people{{"Ada", 1h}, {"Bob", 10ms}};
    quartet::stream_options const options{.order = quartet::stream_order::as_completed};
    for (auto const& answer : loop.stream(first, people, options)) {
        std::cout << answer.value() << " is first, number " << answer.index << '\n';
        break;  // the stream goes, and what is under way is stopped
    }
    // [/as_completed]
}
