// Several things at once within one body, and a time limit. The same body under an event loop and on a
// thread.
#include <quartet/quartet.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

quartet::task<std::string> ask(quartet::context& ctx, std::string name, std::chrono::milliseconds delay) {
    co_await ctx.sleep_for(delay);
    co_return name;
}

quartet::task<std::string> gather_news(quartet::context& ctx, std::string) {
    // [when_all]
    auto const [bakery, harbour] =
        co_await quartet::when_all(ask(ctx, "bread", 20ms), ask(ctx, "fish", 10ms));
    // [/when_all]

    // [gather]
    std::vector<quartet::task<std::string>> questions;
    for (std::string const name : {"Ada", "Bob", "Eve"})
        questions.push_back(ask(ctx, name, 10ms));
    std::vector<std::string> const people = co_await quartet::gather(std::move(questions));
    // [/gather]

    std::string heard;
    // [task_group]
    auto const listen = [&](std::string name) -> quartet::task<void> {
        heard += co_await ask(ctx, name, 1ms);
    };
    co_await quartet::in_task_group(ctx, [&](quartet::task_group& group) -> quartet::task<void> {
        for (std::string name : {"x", "y", "z"}) {
            group.spawn(listen(name));
            co_await ctx.sleep_for(5ms);  // whatever brings the next one
        }
    });
    // [/task_group]

    std::string late = "in time";
    // [with_timeout]
    try {
        co_await ctx.with_timeout(50ms, ask(ctx, "the post", 1h));
    } catch (quartet::timed_out const& error) {
        late = error.what();
    }
    // [/with_timeout]
    std::string last_word = "none";
    // [shielded]
    auto const visit = [&](std::string name) -> quartet::task<void> {
        bool must_go = false;
        try {
            co_await ask(ctx, name, 1h);
        } catch (quartet::cancelled const&) {
            must_go = true;  // C++ has no co_await in a handler
        }
        last_word = co_await ctx.shielded(ask(ctx, "goodbye", 1ms));
        if (must_go) throw quartet::cancelled();
    };
    try {
        co_await ctx.with_timeout(10ms, visit("Ada"));
    } catch (quartet::timed_out const&) {
        late += ", " + last_word;
    }
    // [/shielded]
    co_return bakery + ", " + harbour + ", " + people.at(2) + ", " + heard + "; the post: " + late;
}

int main() {
    for (auto const* spec : {"async", "threads:1"}) {
        auto executor = quartet::make_executor(spec);
        std::cout << spec << ": " << executor.map(gather_news, std::vector<std::string>{"today"}).front()
                  << '\n';
    }
}
