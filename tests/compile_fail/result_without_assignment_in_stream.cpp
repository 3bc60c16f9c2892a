// says: quartet: a result is moved to its place when its task has ended: it must be movable and assignable
#include <quartet/quartet.hpp>

#include <vector>

struct fixed {
    int const value;
};

quartet::task<fixed> body(quartet::context&, int n) {
    co_return fixed{n};
}

void wrong(quartet::executor& executor) {
    executor.stream(body, std::vector{1});
}
