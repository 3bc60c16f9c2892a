// says: quartet: the inputs can't cross to a process: pointers and views leave behind what they point to
#include <quartet/quartet.hpp>

#include <vector>

struct name {
    int length;
    char const* text;
};

void wrong(quartet::executor& executor) {
    executor.map([](name const& each) { return each.length; }, std::vector<name>(2));
}
