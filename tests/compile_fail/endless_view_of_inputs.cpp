// says: quartet: these inputs have no end, and a map would take them until memory ends: use executor::stream
#include <quartet/quartet.hpp>

#include <ranges>

void wrong(quartet::executor& executor) {
    auto squares = std::views::iota(0) | std::views::transform([](int n) { return n * n; }) |
                   std::views::drop(3);
    executor.for_each([](int) {}, squares);
}
