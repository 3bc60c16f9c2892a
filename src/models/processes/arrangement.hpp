// src/models/processes/arrangement.hpp
//
// Which worker process gets which tasks: in this a pool of workers (process_pool.hpp) and a process for each
// task (process_each.hpp) differ.
//
// It has no lock of its own: but for serve(), which runs in a worker process, and start_workers(), before
// which nobody else knows of it, each member is called under the lock of the host.
#pragma once

#include "src/models/processes/open_calls.hpp"
#include "src/models/processes/wake_channel.hpp"
#include "src/models/processes/worker_process.hpp"
#include "src/models/processes/worker_processes.hpp"

#include <quartet/backend/processes.hpp>

#include <cstddef>
#include <string>

namespace quartet::inline v0::detail {

/// What an arrangement works with; the host's.
struct arrangement_parts {
    processes_options const& options;
    pool_state& pool;
    open_calls& calls;
    worker_processes& workers;
    wake_channel const& supervisor;
};

class arrangement {
public:
    arrangement(arrangement const&) = delete;
    arrangement& operator=(arrangement const&) = delete;
    virtual ~arrangement() = default;

    // ---- Without the lock

    virtual std::string spec() const = 0;
    virtual std::size_t concurrency() const noexcept = 0;

    /// Starts the fork server, and the workers that are there from the beginning. Throws std::system_error if
    /// one is refused, std::runtime_error if one could not be initialized.
    virtual void start_workers() = 0;

    /// Runs in a worker process: takes tasks and runs them.
    virtual void serve(worker_slot& slot) = 0;

    // ---- Calls

    /// Lets workers have a call that was just made. Throws std::bad_alloc.
    virtual void offer(open_call& made) = 0;

    /// Offers tasks again that nobody has begun: those that a dead worker had taken, or all of them if the
    /// fork server was lost. False if they are to fail.
    enum class lost { worker, fork_server };
    virtual bool offer_again(open_call& call, index_range tasks, lost why) = 0;

    /// A call was asked to stop.
    virtual void on_stop_of_call() {}

    /// The results of `batch` have been collected. Whether no worker will touch it any more, so that its
    /// memory can be freed.
    virtual bool untouched(remote_batch const& batch, task_ring::position offered_to) = 0;

    // ---- Workers; on the supervisor's thread

    /// A worker has ended, as `status` says; `fruitless`: without having run anything.
    virtual void on_end(worker_slot& slot, bool fruitless, int status) = 0;
    virtual void on_refusal(worker_slot& slot, int error) = 0;

    /// The workers and those that were to come are gone with their fork server.
    virtual void on_loss() = 0;

    /// Called when something may have changed and there is a fork server: starts the workers that are wanted,
    /// and offers what waits.
    virtual void advance() = 0;

protected:
    arrangement() = default;
};

}  // namespace quartet::inline v0::detail
