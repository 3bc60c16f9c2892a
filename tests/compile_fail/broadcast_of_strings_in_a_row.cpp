// says: quartet: the elements of a broadcast are bytes that other processes read
#include <quartet/quartet.hpp>

#include <string>
#include <vector>

quartet::broadcast<std::string[]> wrong(std::vector<std::string>{"abc"});
