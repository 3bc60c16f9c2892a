// compiles
#include <quartet/quartet.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

quartet::task<int> body(quartet::context&, int x) {
    co_return x;
}

/// What gives one of the library's own awaiters may be awaited.
struct nap {
    quartet::context& ctx;
    auto operator co_await() const { return ctx.sleep_for(std::chrono::seconds(1)); }
};

quartet::task<int> all_kinds(quartet::context& ctx) {
    quartet::channel<int> numbers(1);
    co_await nap{ctx};
    auto named = ctx.yield();
    co_await named;
    auto inner = body(ctx, 1);
    auto file = co_await ctx.open_file("a", quartet::open_mode::append);
    co_await file.append("x");
    co_await file.flush();
    co_await file.close();
    co_await numbers.send(ctx, 1);
    co_await quartet::when_all(nap{ctx}, numbers.receive(ctx), body(ctx, 2));
    co_await ctx.with_timeout(std::chrono::seconds(1), nap{ctx});
    co_return co_await std::move(inner);
}

void processes() {
    quartet::process nothing([] {});
    quartet::process number([] { return 3L; });
}

void good(quartet::executor& executor) {
    executor.map(body, std::vector{1, 2});
    executor.try_map([](std::string const& text) { return text.size(); }, std::vector<std::string>{"a"});
}
