// src/models/processes/process_host.hpp
//
// What a pool of worker processes and a process per task have in common: the shared memory, a job's way into
// it and back, the fork server, and a supervisor. Below, "arrangement" is the derived class, one of these
// two: it decides which worker gets which tasks.
//
// The supervisor is a thread of the parent that sleeps until something happens that nobody waits for: a
// worker has ended, a stop's or a time limit's grace is over, a log line has come. A call in which nothing
// of the kind happens goes without it: its caller puts the batch into shared memory, workers take it from
// there, and the last of them wakes the caller. What it does is in supervisor.cpp.
#pragma once

#include "src/models/executor_end.hpp"
#include "src/models/processes/fork_server.hpp"
#include "src/models/processes/log_channel.hpp"
#include "src/models/processes/pool_memory.hpp"
#include "src/models/processes/stop_requests.hpp"
#include "src/models/processes/wake_channel.hpp"
#include "src/models/processes/worker_process.hpp"

#include <quartet/backend/model.hpp>
#include <quartet/backend/processes.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace quartet::inline v0::detail {

class process_host : public job_driver {
public:
    void start(job& work);
    void stop() noexcept;
    void join() noexcept;

    void stopped(job& work) noexcept final;
    void collect(job& work) noexcept final;
    void watch(job& work) noexcept final;
    std::size_t tasks_left(job const& work) const noexcept final { return stops_.tasks_left(work); }
    eventcount& ends() noexcept final { return pool_->batch_ended; }

    virtual std::string spec() const = 0;
    virtual std::size_t concurrency() const noexcept = 0;

protected:
    using clock = std::chrono::steady_clock;

    /// A batch whose results have not been collected.
    struct call {
        job* work;
        remote_batch* batch;
        task_ring::position offered_to = 0;  ///< the head of the ring when all its offers are taken
        std::size_t scanned = 0;  ///< tasks that are known to have an outcome, when it needs rescans
        std::optional<clock::time_point> stopped{};
    };
    struct task_id {
        remote_batch const* batch;
        std::size_t index;
        bool operator==(task_id const&) const = default;
    };
    struct worker_state {
        pid_t process = 0;  ///< 0: the fork server has yet to fork it
        std::optional<clock::time_point> terminating{};
        std::optional<task_id> late{};  ///< the task over its time limit for which it is ended
        bool killed = false;
    };

    process_host(std::size_t slots, processes_options options);

    /// For the constructor of a derived class, when it has its workers.
    void start_supervisor();

    /// For the destructor of a derived class: stops all calls, waits until they have their outcomes, and ends
    /// the supervisor.
    void end() noexcept;

    /// Forks a fork server. Throws std::system_error.
    void start_fork_server();

    // ---- What the arrangement does; all under the lock

    /// Runs in a worker process: takes tasks and runs them.
    virtual void serve(worker_slot& slot) = 0;

    /// Lets workers have a call that was just made. Throws std::bad_alloc.
    virtual void offer(call& made) = 0;

    /// Offers tasks again that nobody has begun: those that a dead worker had taken, or all of them if the
    /// fork server was lost. False if they are to fail.
    enum class lost { worker, fork_server };
    virtual bool offer_again(call& of, index_range tasks, lost why) = 0;

    /// The results of `batch` have been collected. Whether no worker will touch it any more, so that its
    /// memory can be freed.
    virtual bool untouched(remote_batch const& batch, task_ring::position offered_to) = 0;

    /// A call was asked to stop.
    virtual void on_stop_of_call() {}

    /// A worker has ended, as `status` says; `fruitless`: without having run anything.
    virtual void on_end(worker_slot& slot, bool fruitless, int status) = 0;
    virtual void on_refusal(worker_slot& slot, int error) = 0;

    /// The workers and those that were to come are gone with their fork server.
    virtual void on_loss() = 0;

    /// Called when something may have changed and there is a fork server: starts the workers that are wanted,
    /// and offers what waits.
    virtual void advance() = 0;

    bool has_calls() const noexcept { return !calls_.empty(); }
    call* find(remote_batch* batch) noexcept;

    /// Fails the tasks that no worker has begun, in every call, with `why`; its index is set for each.
    void fail_waiting(failure const& why);

    /// Readies a slot for a new worker.
    static void reset_slot(worker_slot& slot, std::size_t number);

    void spawn(worker_slot& slot);

    /// Waits until a worker was spawned. Throws std::system_error if it was refused. For the constructor of
    /// a derived class.
    void wait_for_worker();

    /// Waits until the pool's workers, which were all spawned, have been initialized. Throws
    /// std::runtime_error if one could not be. For the constructor of a derived class.
    void wait_for_readiness();

    void wake_supervisor() const noexcept { wakes_.wake(); }

    pool_state& pool() noexcept { return *pool_; }
    pool_state const& pool() const noexcept { return *pool_; }
    bool has_workers() const noexcept { return !workers_.empty(); }
    processes_options const& options() const noexcept { return options_; }

private:
    struct waiting_batch {
        remote_batch* batch;
        task_ring::position offered_to;
    };

    /// A call whose outcomes are about to be taken.
    struct ended_call {
        job* work;
        remote_batch* batch;
        task_ring::position offered_to;
    };

    // ---- Calls

    std::optional<ended_call> claim(job& work) noexcept;
    void finish(ended_call const& mine) noexcept;
    static bool is_over(call const& of) noexcept;
    void enlist(job& work, remote_batch& batch);
    void strike_off(call const& of) noexcept;
    void count_off(call& of, std::size_t tasks) noexcept;
    void fail_waiting(call& of, failure const& why) noexcept;
    void free_untouched() noexcept;
    void collect_all_results() noexcept;
    bool join_until(clock::time_point deadline) noexcept;
    std::vector<unended_body> unended_bodies();

    // ---- The supervisor

    void supervise();
    void wait_for_news(clock::time_point until);
    void handle_events();
    [[noreturn]] void refuse_worker(fork_server::event const& end) const;
    void handle_death(fork_server::event const& end);
    void account_for(call& of, worker_slot const& slot, std::function<failure(std::size_t)> const& describe);
    void account_for_all(call& of);
    void give_back(call& of, index_range tasks, lost why,
                   std::function<failure(std::size_t)> const& describe);
    void mark_for_rescan(call& of) noexcept;
    failure describe_end_of(std::size_t index, worker_slot const& slot, fork_server::event const& end,
                            worker_state const& worker, call const& of) const;
    void handle_loss_of_fork_server();
    void wait_for_orphans() const;
    void revive_fork_server();
    void follow_stops();
    void follow_stop(call& of) noexcept;
    void look_for_end(call& of) noexcept;
    void rescan();
    void collect_watched();
    clock::time_point end_overdue();
    clock::time_point terminate_late(clock::time_point now);
    clock::time_point terminate_late_on_loops(clock::time_point now);
    clock::time_point terminate_stopped(clock::time_point now);
    clock::time_point kill_terminating(clock::time_point now);
    clock::time_point terminate_stopped_on_loops(clock::time_point now);
    void terminate(worker_slot& slot, worker_state& worker, remote_batch& batch, std::size_t task,
                   bool by_limit);

    processes_options options_;
    pool_memory memory_;
    log_channel logs_;
    wake_channel wakes_;
    stop_requests stops_;
    pool_state* const pool_ = &memory_.state();

    std::mutex mutex_;                        // guards what follows
    std::optional<fork_server> fork_server_;  // used by the supervisor alone
    std::unordered_map<remote_batch*, call> calls_;
    std::size_t in_use_ = 0;                                  // batches that are being filled or collected
    std::deque<waiting_batch> ended_;                         // collected, but a worker may still touch them
    std::unordered_map<worker_slot*, worker_state> workers_;  // also those yet to be forked
    std::vector<remote_batch*> watched_;                      // that the supervisor collects
    std::size_t collected_by_supervisor_ = 0;                 // and that have not finished
    std::size_t limited_ = 0;                                 // calls with a limit for each task
    std::chrono::nanoseconds least_limit_ = std::chrono::nanoseconds::max();  // of them
    std::size_t easily_stopped_ = 0;                                          // calls that a failure stops
    std::size_t stopped_ = 0;                                                 // calls that were asked to stop
    std::size_t to_rescan_ = 0;  // calls whose end the parent must find
    bool ending_ = false;

    std::thread supervisor_;
};

}  // namespace quartet::inline v0::detail
