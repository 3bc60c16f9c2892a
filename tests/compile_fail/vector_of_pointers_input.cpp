// says: quartet: the inputs can't cross to a process: pointers and views leave behind what they point to
#include <quartet/quartet.hpp>

#include <vector>

void wrong(quartet::executor& executor, std::vector<std::vector<char const*>> const& lists) {
    executor.map([](std::vector<char const*> const& list) { return list.size(); }, lists);
}
