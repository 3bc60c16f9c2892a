// include/quartet/detail/io/pool_thread.hpp
//
// Of which pool a thread is, as that has noted it. A body whose stack is used up goes on on another one
// (nested_work), which is a thread by itself, and stays a body of its pool: what stands here goes along. Else
// it would wait for a call of its own executor without helping, and with one thread for ever.
#pragma once

#include <cstddef>

namespace quartet::inline v0::detail {

struct pool_thread {
    void const* pool = nullptr;   ///< null: of none
    std::size_t number = 0;       ///< where the pool numbers its threads
    void* own = nullptr;          ///< what the pool has of the thread, where it has something
    void const* first = nullptr;  ///< the model `auto` whose first tasks it runs
};

inline constinit thread_local pool_thread this_pool_thread{};

}  // namespace quartet::inline v0::detail
