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

class by_hand {
public:
    struct promise_type {
        by_hand get_return_object() { return by_hand(handle::from_promise(*this)); }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        std::suspend_always final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const { throw; }
    };
    using handle = std::coroutine_handle<promise_type>;

    explicit by_hand(handle made) : coroutine_(made) {}
    by_hand(by_hand const&) = delete;
    by_hand& operator=(by_hand const&) = delete;
    ~by_hand() { coroutine_.destroy(); }

    void start() const { coroutine_.resume(); }
    bool done() const { return coroutine_.done(); }

private:
    handle coroutine_;
};

by_hand count_at(gate& exit) {
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
    auto const counter = count_at(exit);  // nothing has run yet
    counter.start();                      // up to the first co_await
    while (!counter.done()) {
        std::cout << "resumed\n";
        exit.resume();
    }
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
