// says: quartet: these inputs have no end, and a map would take them until memory ends: use executor::stream
#include <quartet/quartet.hpp>

#include <ranges>

void wrong(quartet::executor& executor) {
    executor.map([](int n) { return n; }, std::views::iota(0));
}
