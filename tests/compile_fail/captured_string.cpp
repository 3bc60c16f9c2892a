// says: quartet: the body can't cross to a process: what it captures must be trivially copyable
#include <quartet/quartet.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

void wrong(quartet::executor& executor) {
    std::string suffix = "x";
    executor.map([suffix](int x) { return std::to_string(x) + suffix; }, std::vector{1});
}
