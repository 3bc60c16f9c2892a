// says: quartet: the value of a broadcast can't cross to other processes
#include <quartet/quartet.hpp>

#include <string_view>
#include <vector>

quartet::broadcast<std::vector<std::string_view>> wrong(std::vector<std::string_view>{"abc"});
