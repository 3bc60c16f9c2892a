// says: quartet: a body gives a value, which can cross models: neither a reference nor something const
#include <quartet/quartet.hpp>

#include <vector>

int& global();

void wrong(quartet::executor& executor) {
    executor.map([](int) -> int& { return global(); }, std::vector{1});
}
