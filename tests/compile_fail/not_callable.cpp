// says: quartet: a body is a coroutine task<R>(context&, In) or a plain function R(In)
#include <quartet/quartet.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

void wrong(quartet::executor& executor) {
    executor.map(42, std::vector{1});
}
