// compiles
#include <quartet/quartet.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

quartet::task<int> body(quartet::context&, int x) {
    co_return x;
}

void good(quartet::executor& executor) {
    executor.map(body, std::vector{1, 2});
    executor.try_map([](std::string const& text) { return text.size(); }, std::vector<std::string>{"a"});
}
