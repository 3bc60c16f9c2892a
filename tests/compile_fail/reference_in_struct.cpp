// says: quartet: the inputs can't cross to a process: pointers and views leave behind what they point to
#include <quartet/quartet.hpp>

#include <vector>

struct edge {
    int const& target;
    int& source;
};

void wrong(quartet::executor& executor, std::vector<edge> const& links) {
    executor.for_each([](edge const&) {}, links);
}
