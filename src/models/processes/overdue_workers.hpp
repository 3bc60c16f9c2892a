// src/models/processes/overdue_workers.hpp
//
// Ends workers whose body goes on although it was asked to stop, or is out of time: by a SIGTERM after a
// grace time, and by a SIGKILL after another. On the supervisor's thread, under the lock of the host.
#pragma once

#include "src/models/processes/lost_calls.hpp"
#include "src/models/processes/open_calls.hpp"
#include "src/models/processes/worker_processes.hpp"

#include <chrono>
#include <cstddef>

namespace quartet::inline v0::detail {

class overdue_workers {
public:
    using time_point = std::chrono::steady_clock::time_point;

    overdue_workers(bool have_loops, open_calls& calls, worker_processes& workers,
                    lost_calls& helped) noexcept
        : have_loops_(have_loops), calls_(calls), workers_(workers), helped_(helped) {}

    /// Ends those that there are. Gives the time to look again.
    time_point end();

private:
    time_point terminate_late(time_point now);
    time_point terminate_late_on_loops(time_point now, std::chrono::nanoseconds least_limit);
    time_point terminate_stopped(time_point now);
    time_point terminate_stopped_on_loops(time_point now);
    time_point terminate_helpers(time_point now);
    time_point kill_terminating(time_point now);
    bool may_terminate() noexcept;
    void terminate(worker_slot& slot, worker_state& worker, remote_batch& batch, std::size_t task,
                   bool by_limit);

    bool const have_loops_;  // a worker runs many tasks at a time
    open_calls& calls_;
    worker_processes& workers_;
    lost_calls& helped_;
};

}  // namespace quartet::inline v0::detail
