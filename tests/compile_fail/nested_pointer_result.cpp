// says: quartet: the result can't cross from a process: pointers and views leave behind what they point
#include <quartet/quartet.hpp>

#include <array>
#include <vector>

struct word {
    char const* text;
};
struct sentence {
    int number;
    std::array<word, 3> words;
};

void wrong(quartet::executor& executor) {
    executor.map([](int n) { return sentence{n, {}}; }, std::vector{1});
}
