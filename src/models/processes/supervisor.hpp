// src/models/processes/supervisor.hpp
//
// A thread of the parent that sleeps until something happens that nobody waits for: a worker has ended, a
// stop's or a time limit's grace is over, a log line has come. A call in which nothing of the kind happens
// goes without it: its caller puts the batch into shared memory, workers take it from there, and the last of
// them wakes the caller.
//
// It is awake under the lock of the host, but for the delivery of logs and results, which may run functions
// of the user.
#pragma once

#include "src/models/processes/arrangement.hpp"
#include "src/models/processes/kept_batches.hpp"
#include "src/models/processes/log_channel.hpp"
#include "src/models/processes/lost_calls.hpp"
#include "src/models/processes/lost_tasks.hpp"
#include "src/models/processes/open_calls.hpp"
#include "src/models/processes/overdue_workers.hpp"
#include "src/models/processes/result_collector.hpp"
#include "src/models/processes/stop_requests.hpp"
#include "src/models/processes/wake_channel.hpp"
#include "src/models/processes/worker_processes.hpp"

#include <chrono>
#include <mutex>
#include <thread>

namespace quartet::inline v0::detail {

/// What the supervisor works with; the host's.
struct supervisor_parts {
    std::mutex& mutex;  ///< the host's, which guards `calls`, `tasks` and `batches`
    open_calls& calls;
    arrangement& tasks;
    kept_batches& batches;
    worker_processes& workers;  ///< the supervisor's alone, once it has started
    stop_requests& stops;
    result_collector& results;
    log_channel& logs;
    wake_channel const& wakes;
    pool_state& pool;
    bool have_loops;
};

class supervisor {
public:
    /// Throws std::bad_alloc.
    explicit supervisor(supervisor_parts const& parts);

    /// Starts the thread. Throws std::system_error.
    void start();

    /// Waits until it has ended; no call may be open. Nothing if it was never started.
    void end() noexcept;

private:
    using time_point = std::chrono::steady_clock::time_point;

    void supervise();
    void wait_for_news(time_point until);
    void handle_events();
    void handle_death(fork_server::event const& end);
    void handle_loss_of_fork_server();
    void revive_fork_server();
    void follow_stops();
    void follow_stop(open_call& call) noexcept;

    supervisor_parts const with_;
    lost_tasks lost_;          // under the lock
    lost_calls lost_calls_;    // likewise
    overdue_workers overdue_;  // likewise
    bool ending_ = false;      // likewise
    std::thread thread_;
};

}  // namespace quartet::inline v0::detail
