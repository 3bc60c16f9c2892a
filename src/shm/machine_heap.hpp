// src/shm/machine_heap.hpp
#pragma once

#include <quartet/detail/shm/shared_heap.hpp>

#include <cstddef>
#include <string_view>

namespace quartet::inline v0::detail {

/// A heap with address space for as much as the machine has memory, but for no more than half of what the
/// limits leave: the other half is the program's, its threads' and its further heaps'. `kept` as in
/// shared_heap::create(). Throws std::system_error, whose sentence begins with who needs the heap ("worker
/// processes").
shared_heap_owner machine_heap(std::string_view who, std::size_t kept = shared_heap::usually_kept);

}  // namespace quartet::inline v0::detail
