// Streams: inputs without an end, results as they are taken, memory that does not grow.
#include <quartet/quartet.hpp>

#include <iostream>
#include <ranges>
#include <string>
#include <vector>

// [body]
bool is_prime(long n) {
    for (long divisor = 2; divisor * divisor <= n; ++divisor) {
        if (n % divisor == 0) return false;
    }
    return n > 1;
}
// [/body]

int main(int argc, char** argv) {
    auto executor = quartet::make_executor(argc > 1 ? argv[1] : "processes:2");

    // [endless]
    int found = 0;
    for (auto const& prime : executor.stream(is_prime, std::views::iota(1'000'000L))) {
        if (!prime.value()) continue;
        std::cout << 1'000'000 + prime.index << ' ';
        if (++found == 3) break;
    }
    std::cout << '\n';
    // [/endless]

    // [as_completed]
    std::vector<std::string> const words{"pear", "fig", "quince"};
    auto const count = [](std::string const& word) { return word.size(); };
    std::size_t letters = 0;
    for (auto const& length : executor.stream(count, words, {.order = quartet::stream_order::as_completed}))
        letters += length.value();
    std::cout << letters << " letters\n";
    // [/as_completed]

    // [starmap]
    std::vector<std::pair<int, int>> const pairs{{2, 3}, {4, 5}};
    for (int product : executor.starmap([](int a, int b) { return a * b; }, pairs))
        std::cout << product << '\n';
    // [/starmap]
}
