// says: quartet: the result can't cross from a process: pointers and views leave behind what they point
#include <quartet/quartet.hpp>

#include <map>
#include <string>
#include <vector>

void wrong(quartet::executor& executor) {
    executor.map([](int) { return std::map<std::string, int*>(); }, std::vector{1});
}
