// compiles
#include <quartet/quartet.hpp>

#include <array>
#include <chrono>
#include <complex>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
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

/// Memory that all processes share at one address.
struct place {
    int* address;
};
template <>
inline constexpr bool quartet::crosses_as_bytes<place> = true;

struct place_of_one {
    int number;
    place where;
};

enum class colour { red };

/// A struct without pointers, in all that one puts into structs; and one that says its kind by a union.
struct reading {
    int number;
    char name[20];
    std::array<double, 3> values;
    std::optional<colour> seen;
    std::chrono::system_clock::time_point when;
    std::complex<float> phase;
    union {
        int whole;
        double part;
    };
    unsigned flag : 1;
};
struct fixed {
    int const value;
};

int length(std::string const& text);

void values(quartet::executor& executor, std::map<std::string, reading> const& readings,
            std::list<std::string> const& texts, char* text) {
    executor.map([](std::pair<std::string const, reading> const& each) { return each.second; }, readings);
    executor.starmap([](std::string const&, reading const& each) { return each; }, readings);
    executor.map([](fixed each) { return each.value; }, std::vector<fixed>{{1}});
    executor.map([](place_of_one each) { return each.number; }, std::vector<place_of_one>{{1, {nullptr}}});
    executor.map([](place at) { return at; }, std::vector<place>(1));
    executor.map(length, texts);
    executor.map([](int n) { return n; }, std::views::iota(0) | std::views::take(3));
    executor.stream([](int n) { return n; }, std::views::iota(0));
    executor.submit(length, text).get();
    executor.map([](int) { return std::vector<reading>(); }, std::views::iota(0, 3));
    quartet::shared_array<reading> many(3);
}

void good(quartet::executor& executor) {
    executor.map(body, std::vector{1, 2});
    executor.try_map([](std::string const& text) { return text.size(); }, std::vector<std::string>{"a"});
}
