// says: quartet: a body is a coroutine task<R>(context&, In) or a plain function R(In)
#include <quartet/quartet.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

quartet::task<int> body(int x) {
    co_return x;
}

void wrong(quartet::executor& executor) {
    executor.map(body, std::vector{1});
}
