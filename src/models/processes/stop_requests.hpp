// src/models/processes/stop_requests.hpp
//
// The way of a stop to a job that lies in shared memory, from any thread: the workers see it at once, and the
// supervisor hears of it. Locks itself, and is the last to be locked.
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/detail/call/remote.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace quartet::inline v0::detail {

class stop_requests {
public:
    /// The job lies in shared memory as `batch` from now on: sets job::remote.
    void begin(job& work, remote_batch& batch) noexcept;

    /// From now on it lies there no more. Gives the batch; null if it did not lie there.
    remote_batch* end(job& work) noexcept;

    /// The stop of `work` was requested. False if it does not lie in shared memory.
    bool stop(job& work) noexcept;

    /// How many tasks of `work` have no outcome; 0 if it does not lie in shared memory.
    std::size_t tasks_left(job const& work) const noexcept;

    /// The batches that were stopped since the last call. They may be gone.
    std::vector<remote_batch*> take() noexcept;

private:
    // job::remote is written under this lock and that of the host, so under either it can be read.
    mutable std::mutex mutex_;              // guards job::remote, and
    std::vector<remote_batch*> requested_;  // that the supervisor has to hear of
};

}  // namespace quartet::inline v0::detail
