// Work that splits while it runs: bodies that make calls of their context. The same bodies under every model.
#include <quartet/quartet.hpp>

#include <cstdint>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

// A tree that nobody has seen whole: from a number to half of it and to a third, while these are above 1.

// [submit]
quartet::task<int> count_leaves(quartet::context& ctx, int number) {
    if (number <= 1) co_return 1;
    auto left = ctx.submit(count_leaves, number / 2);
    int const right = co_await count_leaves(ctx, number / 3);
    co_return co_await left + right;
}
// [/submit]

// The same as a plain function.

// [get]
int count_plainly(quartet::context& ctx, int number) {
    if (number <= 1) return 1;
    auto left = ctx.submit(count_plainly, number / 2);
    int const right = count_plainly(ctx, number / 3);
    return left.get() + right;
}
// [/get]

std::uint64_t sum_of_squares(int last) {
    std::uint64_t sum = 0;
    for (std::uint64_t n = 1; n <= static_cast<std::uint64_t>(last); ++n)
        sum += n * n;
    return sum;
}

// [map]
quartet::task<std::uint64_t> sum_in_parts(quartet::context& ctx, std::vector<int> parts) {
    std::vector<std::uint64_t> const sums = co_await ctx.map(sum_of_squares, parts);
    co_return std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
}
// [/map]

int main() {
    for (char const* model : {"single", "threads:2", "async", "processes:2"}) {
        auto executor = quartet::make_executor(model);
        auto coroutine = executor.submit(count_leaves, 10'000);
        auto function = executor.submit(count_plainly, 10'000);
        auto sum = executor.submit(sum_in_parts, std::vector{10, 100, 1000});
        std::cout << model << ": " << coroutine.get() << ' ' << function.get() << ' ' << sum.get() << '\n';
    }
}
