// src/shm/machine_heap.hpp
#pragma once

#include <quartet/detail/shm/shared_heap.hpp>

#include <string_view>

namespace quartet::inline v0::detail {

/// A heap with address space for as much as the machine has memory, but for no more than half of what the
/// limits leave: the other half is the program's, its threads' and its further heaps'. Throws
/// std::system_error, whose sentence begins with who needs the heap ("worker processes").
shared_heap_owner machine_heap(std::string_view who);

}  // namespace quartet::inline v0::detail
