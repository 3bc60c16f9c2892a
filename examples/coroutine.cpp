// A coroutine is a function that can be left in the middle and entered again. First one that counts to three
// and is resumed by hand, so that one sees what an event loop does. Then two that take turns on an event
// loop, while a single thread with a blocking context runs them straight through.
#include <quartet/quartet.hpp>

#include <coroutine>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

// [by_hand]
// Whoever awaits it is left there, until somebody calls resume().
class gate {
public:
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> left) noexcept { waiting_ = left; }
    void await_resume() const noexcept {}
    void resume() { std::exchange(waiting_, {}).resume(); }

private:
    std::coroutine_handle<> waiting_;
};

quartet::task<void> count_at(gate& exit) {
    for (int number = 1; number <= 3; ++number) {
        std::cout << "counting: " << number << '\n';
        co_await exit;
    }
}
// [/by_hand]

// [count]
quartet::task<void> count_to_three(quartet::context& ctx, std::string name) {
    for (int number = 1; number <= 3; ++number) {
        std::cout << name << ' ' << number << '\n';
        co_await ctx.yield();  // left here, and entered again here
    }
}
// [/count]

int main() {
    std::cout << "by hand:\n";
    // [resume]
    gate exit;
    auto counter = count_at(exit);  // nothing has run yet
    counter.start();                // up to the first co_await
    while (!counter.done()) {
        std::cout << "resumed\n";
        exit.resume();
    }
    counter.take();  // the result, or a throw of what the coroutine threw
    std::cout << "done\n";
    // [/resume]

    std::vector<std::string> const names{"Ada", "Bob"};

    // [turns]
    std::cout << "async:\n";
    quartet::make_executor("async").map(count_to_three, names);
    std::cout << "single:\n";
    quartet::make_executor("single").map(count_to_three, names);
    // [/turns]
}
