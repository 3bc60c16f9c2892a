// says: quartet: the result can't cross from a process: pointers and views leave behind what they point
#include <quartet/quartet.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct secret {
    std::unique_ptr<int> hidden;
};

void wrong(quartet::executor& executor) {
    executor.map([](int) { return secret{}; }, std::vector{1});
}
