// says: quartet: the function of a process returns nothing, or its exit code as an int
#include <quartet/quartet.hpp>

quartet::task<int> body();

quartet::process wrong(body);
