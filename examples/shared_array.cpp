// Large data without copies: the bodies read one array and write another, also if they are in other
// processes.
#include <quartet/quartet.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <iostream>
#include <ranges>
#include <span>

constexpr std::size_t blocks = 8;
constexpr std::size_t block_size = 100'000;

/// A road that goes up and down by the metre.
int height_at(std::size_t metre) {
    return static_cast<int>(metre * 7 % 13);
}

int main(int argc, char** argv) {
    auto executor = quartet::make_executor(argc > 1 ? argv[1] : "processes:2");
    auto const block_numbers = std::views::iota(std::size_t{0}, blocks);

    // [array]
    auto const metres = std::views::iota(std::size_t{0}, blocks * block_size);
    quartet::shared_array<int> const heights(metres | std::views::transform(height_at));
    quartet::shared_array<int> steps(heights.size());
    // [/array]

    // [map]
    auto const find_steps = [from = heights.view(), to = steps.view()](std::size_t block) {
        auto const in = from.span();  // once a body: from here on it is plain memory
        auto const out = to.span();
        for (std::size_t n = block * block_size; n < (block + 1) * block_size; ++n)
            out[n] = n == 0 ? 0 : in[n] - in[n - 1];
    };
    executor.map(find_steps, block_numbers);
    std::cout << "the first steps:";
    for (int step : std::span(steps).first(5))
        std::cout << ' ' << step;
    std::cout << '\n';
    // [/map]

    // [count]
    quartet::shared_array<std::atomic<std::ptrdiff_t>> ups(1);
    auto const count_ups = [all = steps.view(), sum = ups.view()](std::size_t block) {
        auto const mine = all.span().subspan(block * block_size, block_size);
        sum.span()[0] += std::ranges::count_if(mine, [](int step) { return step > 0; });
    };
    executor.map(count_ups, block_numbers);
    std::cout << ups[0] << " go up\n";
    // [/count]
}
