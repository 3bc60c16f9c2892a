// says: quartet: the body can't cross to a process: what it captures must be trivially copyable
#include <quartet/quartet.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

void wrong(quartet::executor& executor) {
    auto shared = std::make_shared<int>(1);
    executor.try_map([shared](int x) { return x + *shared; }, std::vector{1});
}
