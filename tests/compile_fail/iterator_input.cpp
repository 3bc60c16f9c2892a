// says: quartet: the inputs can't cross to a process: pointers and views leave behind what they point to
#include <quartet/quartet.hpp>

#include <map>
#include <vector>

void wrong(quartet::executor& executor, std::map<int, int> const& table) {
    executor.try_map([](std::map<int, int>::const_iterator at) { return at->second; },
                     std::vector{table.begin()});
}
