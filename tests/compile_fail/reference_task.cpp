// says: quartet: a task returns a value; a reference can't cross models
#include <quartet/quartet.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

quartet::task<int&> body(quartet::context&, int x);

void wrong(quartet::context& ctx) {
    body(ctx, 1);
}
