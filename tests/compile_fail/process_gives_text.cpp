// says: quartet: the function of a process returns nothing, or its exit code as an int
#include <quartet/quartet.hpp>

#include <string>

quartet::process wrong(
    "named", [](int) { return std::string("done"); }, 1);
