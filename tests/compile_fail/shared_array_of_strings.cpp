// says: quartet: the elements of a shared_array are bytes that other processes read: they must be trivially
// copyable
#include <quartet/quartet.hpp>

#include <string>

quartet::shared_array<std::string> wrong(10);
