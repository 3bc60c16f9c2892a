// src/models/process_host.hpp
//
// What a pool of worker processes and a process per task have in common: the shared memory, the zygote, the
// log lines, and a job's way into shared memory and back.
#pragma once

#include "src/core/descriptor.hpp"
#include "src/core/run_stop.hpp"
#include "src/models/worker_process.hpp"
#include "src/models/zygote.hpp"

#include <quartet/model.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace quartet::detail {

/// The parent's and the workers' ends of the socket that log lines take.
class log_channel {
public:
    /// Without a handler there is no socket, and workers drop their lines.
    explicit log_channel(log_handler handler);

    int read_end() const noexcept { return read_end_ ? read_end_->get() : -1; }
    int write_end() const noexcept { return write_end_.get(); }

    /// Hands all lines that have come to the handler.
    void deliver() const;

private:
    log_handler handler_;
    std::optional<private_descriptor> read_end_;
    descriptor write_end_;
};

class process_host {
public:
    process_host(process_host const&) = delete;
    process_host& operator=(process_host const&) = delete;
    virtual ~process_host() = default;

    void run(job& work, std::stop_token const& caller);
    virtual std::string spec() const = 0;

protected:
    using clock = std::chrono::steady_clock;

    process_host(std::size_t slots, log_handler log);

    /// Runs the batch that is in place, until every task has a state other than waiting.
    virtual void run_batch(job& work) = 0;

    /// Forks a zygote whose workers call `worker`. Throws std::system_error.
    void start_zygote(std::function<void(std::size_t)> worker);

    /// Called again when the zygote was lost.
    virtual void start() = 0;

    /// Takes note of what happened to workers that had nothing to do.
    virtual void take_idle_events() = 0;

    /// Waits for an event, a log line, or the moment to kill; delivers log lines, kills.
    void wait_for_events();

    /// The zygote's next event; keeps the list of living workers.
    std::optional<zygote::event> next_event();

    /// Fills a slot for a new worker.
    void reset_slot(std::size_t number);

    task_state state_of(std::size_t index) const noexcept {
        return pool_->batch->states[index].load(std::memory_order_acquire);
    }

    /// The worker that ran `index` has ended.
    void fail_running(job& work, std::size_t index, zygote::event const& end);

    /// There is nobody left to run the tasks that are waiting.
    void fail_waiting(job& work, std::string const& why);

    pool_state& pool() noexcept { return *pool_; }
    pool_state const& pool() const noexcept { return *pool_; }
    zygote& forker() noexcept { return *zygote_; }
    shared_heap& heap() noexcept { return *heap_; }
    std::map<std::uint32_t, pid_t> const& alive() const noexcept { return alive_; }
    bool lost() const noexcept { return lost_; }

    /// What is said of tasks that are lost with the zygote.
    static constexpr char const* zygote_lost =
        "the process that forks the workers ended, and the workers with it";

private:
    void put_in_place(job& work);
    void take_outcomes(job& work);
    void follow_stop();
    clock::time_point end_overdue();
    void wait_for_orphans() const;

    shared_heap_owner heap_;     // the batch
    shared_heap_owner control_;  // pool_state and the pool's slots
    descriptor changed_;
    log_channel logs_;
    pool_state* pool_ = nullptr;
    std::optional<zygote> zygote_;
    std::map<std::uint32_t, pid_t> alive_;
    bool lost_ = false;

    run_stop* stop_ = nullptr;  // of the current run
    bool stopped_ = false;
    std::optional<clock::time_point> kill_at_;
    static constexpr std::chrono::nanoseconds no_limit = std::chrono::nanoseconds::max();
    std::chrono::nanoseconds task_limit_ = no_limit;
};

}  // namespace quartet::detail
