// src/models/processes/pool_memory.hpp
//
// The memory that the parent and its worker processes share, at equal addresses.
#pragma once

#include "src/models/processes/worker_process.hpp"

#include <quartet/backend/processes.hpp>
#include <quartet/detail/shm/shared_heap.hpp>

#include <cstddef>

namespace quartet::inline v0::detail {

class pool_memory {
public:
    /// With so many slots for workers of a pool. Keeps views of `options`. Throws std::system_error.
    pool_memory(std::size_t slots, processes_options const& options);

    /// Where batches lie.
    shared_heap& batches() noexcept { return *batches_; }

    pool_state& state() noexcept { return *state_; }

private:
    shared_heap_owner batches_;
    shared_heap_owner control_;  // pool_state and the pool's slots
    pool_state* state_;
};

}  // namespace quartet::inline v0::detail
