// says: quartet: the elements of a shared_array are bytes that other processes read: they must be trivially
// copyable
#include <quartet/quartet.hpp>

quartet::shared_array<int const*> wrong(10);
