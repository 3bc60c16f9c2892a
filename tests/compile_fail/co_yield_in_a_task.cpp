// says: quartet: a task gives one value, by co_return: co_yield has nowhere to go
#include <quartet/quartet.hpp>

quartet::task<int> wrong() {
    co_yield 1;
    co_return 2;
}
