// src/models/processes/make_batch.hpp
//
// A job's way into shared memory.
#pragma once

#include "src/models/processes/worker_process.hpp"

#include <quartet/backend/job.hpp>
#include <quartet/detail/call/remote.hpp>

namespace quartet::inline v0::detail {

/// The job, its closure and its inputs, in the pool's heap. The caller gives back all of the batch's blocks.
/// Throws std::bad_alloc. Any thread.
remote_batch& make_batch(pool_state& pool, job& work);

}  // namespace quartet::inline v0::detail
