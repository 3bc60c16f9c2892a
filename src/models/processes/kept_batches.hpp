// src/models/processes/kept_batches.hpp
//
// When the memory of batches is freed: not before the results are collected and no worker touches it. The
// host locks it.
#pragma once

#include "src/models/processes/arrangement.hpp"
#include "src/models/processes/task_ring.hpp"

#include <quartet/detail/call/remote.hpp>
#include <quartet/detail/shm/shared_heap.hpp>

#include <cstddef>
#include <deque>

namespace quartet::inline v0::detail {

class kept_batches {
public:
    kept_batches(shared_heap& heap, arrangement& workers) noexcept : heap_(heap), arrangement_(workers) {}

    /// A batch is about to be made. The heap is not emptied before it has ended.
    void begin() noexcept { ++in_use_; }

    /// It was not made after all.
    void cancel() noexcept { --in_use_; }

    /// Its results have been collected: frees it and others, or keeps it until no worker touches it.
    void end(remote_batch& batch, task_ring::position offered_to) noexcept;

    void free_untouched() noexcept;

private:
    struct ended_batch {
        remote_batch* batch;
        task_ring::position offered_to;
    };

    shared_heap& heap_;
    arrangement& arrangement_;
    std::size_t in_use_ = 0;         // batches that are being made, run or collected
    std::deque<ended_batch> ended_;  // a worker may still touch them
};

}  // namespace quartet::inline v0::detail
