// says: or capture the view() of a quartet::broadcast
#include <quartet/quartet.hpp>

#include <string>
#include <vector>

void wrong(quartet::executor& executor) {
    quartet::broadcast const text(std::string("abc"));
    executor.try_map([text](int x) { return (*text)[static_cast<std::size_t>(x)]; }, std::vector{1});
}
