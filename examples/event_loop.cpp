// An event loop: made, run until a call is complete, and closed. What is still under way then is stopped.
#include <quartet/quartet.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

// [body]
quartet::task<std::string> order(quartet::context& ctx, std::string what, std::chrono::milliseconds wait) {
    co_await ctx.sleep_for(wait);
    co_return what + " has come";
}
// [/body]

int main() {
    // [loop]
    quartet::future<std::string> late;
    {
        auto loop = quartet::make_executor("async");  // the loop runs, on a thread of its own
        auto tiles = loop.submit(order, std::string("the box of tiles"), 10ms);
        late = loop.submit(order, std::string("the excavator"), 1h);
        std::cout << tiles.get() << '\n';  // waits until this call is complete
    }                                      // closed
    std::cout << "the excavator: " << to_string(late.take().error().why) << '\n';
    // [/loop]
}
