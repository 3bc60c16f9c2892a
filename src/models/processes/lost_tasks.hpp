// src/models/processes/lost_tasks.hpp
//
// What becomes of the tasks of workers that have ended: a task that one was running fails, with what is known
// of the worker's end; those that it had taken and not begun are offered again. On the supervisor's thread,
// under the lock of the host.
#pragma once

#include "src/models/processes/arrangement.hpp"
#include "src/models/processes/fork_server.hpp"
#include "src/models/processes/open_calls.hpp"
#include "src/models/processes/worker_processes.hpp"

#include <quartet/backend/processes.hpp>
#include <quartet/outcome.hpp>

#include <cstddef>
#include <functional>

namespace quartet::inline v0::detail {

class lost_tasks {
public:
    lost_tasks(pool_state& pool, bool have_loops, open_calls& calls, arrangement& tasks) noexcept
        : pool_(pool), have_loops_(have_loops), calls_(calls), arrangement_(tasks) {}

    /// The worker of the slot has ended.
    void account_for(worker_slot const& slot, worker_state const& worker, fork_server::event const& end);

    /// No worker lives: all ended with their fork server.
    void account_for_all();

    /// What is known of the end of the worker of the slot, for a task of the call.
    failure describe_end_of(std::size_t index, worker_slot const& slot, fork_server::event const& end,
                            worker_state const& worker, open_call const* call) const;

private:
    using description = std::function<failure(std::size_t index)>;

    void account_for(open_call& call, worker_slot const& slot, description const& describe);
    void account_for_all(open_call& call);
    void fail(open_call& call, std::size_t index, description const& describe);
    void give_back(open_call& call, index_range tasks, arrangement::lost why, description const& describe);

    pool_state& pool_;
    bool const have_loops_;  // a worker runs many tasks at a time
    open_calls& calls_;
    arrangement& arrangement_;
};

}  // namespace quartet::inline v0::detail
