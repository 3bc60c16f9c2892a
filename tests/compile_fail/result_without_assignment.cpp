// says: quartet: a result is moved to its place when its task has ended: it must be movable and assignable
#include <quartet/quartet.hpp>

#include <vector>

struct fixed {
    int const value;
};

void wrong(quartet::executor& executor) {
    executor.map([](int n) { return fixed{n}; }, std::vector{1});
}
