// says: quartet: the inputs can't cross to a process: pointers and views leave behind what they point to
#include <quartet/quartet.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

void wrong(quartet::executor& executor) {
    executor.map([](std::string const& text) { return text.size(); }, std::vector{"a", "b"});
}
