// src/models/processes/worker_processes.hpp
//
// The worker processes that live or are to be forked, and the fork server that forks them.
//
// For one thread at a time: that which makes the executor, and then the supervisor's.
#pragma once

#include "src/models/processes/fork_server.hpp"
#include "src/models/processes/wake_channel.hpp"
#include "src/models/processes/worker_process.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <sys/types.h>
#include <unordered_map>

namespace quartet::inline v0::detail {

/// What the parent knows of a worker.
struct worker_state {
    struct task_id {
        remote_batch const* batch;
        std::size_t index;
        bool operator==(task_id const&) const = default;
    };
    pid_t process = 0;  ///< 0: the fork server has yet to fork it
    std::optional<std::chrono::steady_clock::time_point> terminating{};
    std::optional<task_id> late{};  ///< the task over its time limit for which it is ended
    bool killed = false;
};

class worker_processes {
public:
    /// Workers run `initialize` and then `serve(slot)`.
    worker_processes(pool_state& pool, std::function<void()> const& initialize,
                     std::function<void(worker_slot&)> serve);

    // ---- The fork server

    /// Forks one. Throws std::system_error.
    void start_fork_server();

    bool has_fork_server() const noexcept { return fork_server_.has_value(); }

    /// The fork server has ended: waits until all workers are gone, and forgets them.
    void lose_fork_server();

    /// Readable when there is an event; -1 if there is no fork server.
    int descriptor() const noexcept { return fork_server_ ? fork_server_->descriptor() : -1; }
    int end_descriptor() const noexcept { return fork_server_ ? fork_server_->end_descriptor() : -1; }

    /// The next event, if there is one; does not wait. A worker that was spawned is known from then on; one
    /// that has ended or was refused, until it is removed.
    std::optional<fork_server::event> next_event();

    static worker_slot& slot_of(fork_server::event const& happened) noexcept;

    // ---- Workers

    bool empty() const noexcept { return workers_.empty(); }

    /// Asks for a worker for the slot; there must be a fork server.
    void spawn(worker_slot& slot);

    worker_state remove(worker_slot& slot) noexcept;

    /// Over pairs of a slot and what is known of its worker.
    auto begin() noexcept { return workers_.begin(); }
    auto end() noexcept { return workers_.end(); }

    /// What is known of the slot's worker; null if there is none.
    worker_state* find(worker_slot& slot) noexcept {
        auto const found = workers_.find(&slot);
        return found == workers_.end() ? nullptr : &found->second;
    }

    /// Sends the worker a signal; there must be a fork server.
    void kill(worker_state const& worker, int signal) { fork_server_->kill(worker.process, signal); }

    // ---- For the maker of the executor

    /// Waits until a worker was spawned. Throws std::system_error if it was refused.
    void wait_for_worker();

    /// Waits until the pool's workers, which were all spawned, have been initialized; they wake the
    /// supervisor then. Throws std::runtime_error if one could not be.
    void wait_for_readiness(wake_channel const& supervisor);

private:
    [[noreturn]] void refuse_worker(fork_server::event const& end) const;
    void wait_for_orphans() const;

    pool_state& pool_;
    std::function<void()> const& initialize_;
    std::function<void(worker_slot&)> serve_;
    std::unordered_map<worker_slot*, worker_state> workers_;  // also those yet to be forked
    std::optional<fork_server> fork_server_;
};

}  // namespace quartet::inline v0::detail
