// says: quartet: the result can't cross from a process: pointers and views leave behind what they point
#include <quartet/quartet.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

void wrong(quartet::executor& executor) {
    executor.map([](std::string const& text) { return std::string_view(text); },
                 std::vector<std::string>{"a"});
}
