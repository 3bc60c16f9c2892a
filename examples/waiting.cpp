// Each kind of wait once: docs/waiting.md.
#include <quartet/quartet.hpp>

#include <chrono>
#include <functional>
#include <future>
#include <iostream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;

// [callback]
/// Some library's way to tell a result: it calls back, on a thread of its own.
std::jthread add_later(int a, int b, std::function<void(int)> done) {
    return std::jthread([=] { done(a + b); });
}

quartet::task<int> add(quartet::context& ctx, int a, int b) {
    std::jthread library;  // ends after the wait
    co_return co_await ctx.suspend<int>(
        [&](quartet::resumer<int> done) { library = add_later(a, b, [done](int sum) { done(sum); }); });
}
// [/callback]

// [descriptor]
quartet::task<char> next_byte(quartet::context& ctx, int descriptor) {
    co_await ctx.ready(descriptor, quartet::readable);
    char byte = 0;
    co_return ::read(descriptor, &byte, 1) == 1 ? byte : '\0';  // 0 at the end
}
// [/descriptor]

// [either]
quartet::task<std::string> from_either(quartet::context& ctx, int one, int other) {
    auto const first = co_await quartet::when_any(next_byte(ctx, one), next_byte(ctx, other));
    co_return first.index() == 0 ? "the one" : "the other";
}
// [/either]

// [blocking]
quartet::task<std::string> ask_old_library(quartet::context& ctx, std::shared_future<std::string> answer) {
    co_return co_await ctx.offload([answer] { return answer.get(); });  // any call that blocks
}
// [/blocking]

// [limit]
quartet::task<std::string> within(quartet::context& ctx, int descriptor) {
    try {
        co_await ctx.with_timeout(20ms, ctx.ready(descriptor, quartet::readable));
    } catch (quartet::timed_out const& late) {
        co_return late.what();
    }
    co_return "it came";
}
// [/limit]

// [poll]
quartet::task<int> poll_until(quartet::context& ctx, std::function<bool()> holds) {
    int looks = 1;
    for (; !holds(); ++looks)
        co_await ctx.sleep_for(1ms);
    co_return looks;
}
// [/poll]

quartet::task<std::string> all(quartet::context& ctx, std::vector<int> ends) {
    std::string told = "callback: " + std::to_string(co_await add(ctx, 1, 2)) + "\n";
    told += std::string("descriptor: ") + co_await next_byte(ctx, ends[0]) + "\n";
    auto const answer = std::async(std::launch::deferred, [] { return std::string("an answer"); }).share();
    told += "blocking call: " + co_await ask_old_library(ctx, answer) + "\n";
    told += "limit: " + co_await within(ctx, ends[0]) + "\n";
    int left = 3;
    told += "looking: " + std::to_string(co_await poll_until(ctx, [&left] { return --left == 0; })) + "\n";
    if (::write(ends[1], "x", 1) == 1)
        told += "either: " + co_await from_either(ctx, ends[0], ends[2]) + "\n";
    co_return told;
}

int main() {
    std::vector<int> ends(4);
    if (::pipe(ends.data()) != 0 || ::pipe(ends.data() + 2) != 0 || ::write(ends[1], "b", 1) != 1) return 1;
    auto executor = quartet::make_executor("async");
    std::cout << executor.submit(all, ends).get();
}
