// src/models/processes/process_host.hpp
//
// The parent's side of `processes`: makes the parts, each of which has a file of its name, and leads jobs to
// them.
//
//   pool_memory, wake_channel, log_channel   what parent and workers share
//   make_batch, kept_batches                 a job's way into shared memory, and when that is freed
//   arrangement                              which worker gets which tasks; process_pool and process_each
//   open_calls, stop_requests                the calls under way; stops of them, from any thread
//   result_collector                         the results' way home
//   supervisor                               what happens while nobody waits; with it, on its thread:
//   worker_processes, fork_server            the processes
//   lost_tasks, overdue_workers              those that have ended, and those that have to be
//   lost_calls                               calls that bodies of those that have ended made of their context
//
// What bodies call of their context stays between the workers: worker_calls, offered_calls.
//
// One lock guards what several threads change; below it stands what that is. stop_requests and log_channel
// lock themselves: the first may be called under the lock, the second not.
#pragma once

#include "src/models/processes/arrangement.hpp"
#include "src/models/processes/kept_batches.hpp"
#include "src/models/processes/log_channel.hpp"
#include "src/models/processes/open_calls.hpp"
#include "src/models/processes/pool_memory.hpp"
#include "src/models/processes/result_collector.hpp"
#include "src/models/processes/stop_requests.hpp"
#include "src/models/processes/supervisor.hpp"
#include "src/models/processes/wake_channel.hpp"
#include "src/models/processes/worker_processes.hpp"
#include "src/models/take_back.hpp"

#include <quartet/backend/job.hpp>
#include <quartet/backend/job_driver.hpp>
#include <quartet/backend/processes.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace quartet::inline v0::detail {

struct unended_body;

class process_host final : public job_driver, public takes_back {
public:
    using arrangement_maker = std::unique_ptr<arrangement> (*)(arrangement_parts const&);

    /// With so many workers that live as long as this object. Throws what arrangement::start_workers does.
    process_host(std::size_t slots, processes_options options, arrangement_maker make);

    /// Stops all calls, waits until they have their outcomes, and ends the workers.
    ~process_host() override;

    void start(job& work);
    void stop() noexcept;
    void join() noexcept;
    std::string spec() const { return arrangement_->spec(); }
    std::size_t concurrency() const noexcept { return arrangement_->concurrency(); }

    void stopped(job& work) noexcept override;
    void collect(job& work) noexcept override { results_.collect(work); }
    void give_early(job& work, early_values& to) noexcept override { results_.give_early(work, to); }
    void watch(job& work) noexcept override { results_.watch(work); }
    std::size_t tasks_left(job const& work) const noexcept override { return stops_.tasks_left(work); }
    std::size_t take_back(job& work, std::size_t most, std::function<void(std::size_t)> const& each) override;
    eventcount& ends() noexcept override { return memory_.state().batch_ended; }

private:
    using time_point = std::chrono::steady_clock::time_point;

    bool have_loops() const noexcept { return options_.in_flight > 0; }
    void enlist(job& work, remote_batch& batch);
    bool join_until(time_point deadline) noexcept;
    std::vector<unended_body> unended_bodies();

    processes_options const options_;
    pool_memory memory_;
    log_channel logs_;
    wake_channel wakes_;
    stop_requests stops_;
    worker_processes workers_;  // the supervisor's, once that has started

    // Guards calls_, batches_, what arrangement_ has, and those members of results_ and supervisor_ that say
    // so.
    std::mutex mutex_;
    open_calls calls_;
    std::unique_ptr<arrangement> const arrangement_;
    kept_batches batches_;
    result_collector results_;
    supervisor supervisor_;
};

}  // namespace quartet::inline v0::detail
