// src/models/processes/process_each.hpp
//
// `processes:each`: a worker process for every task, all at the same time as far as the system lets.
#pragma once

#include "src/models/processes/process_host.hpp"

#include <deque>
#include <limits>
#include <unordered_map>
#include <vector>

namespace quartet::inline v0::detail {

class process_each final : public process_host {
public:
    /// Throws std::system_error.
    explicit process_each(processes_options options);
    ~process_each() override;

    std::string spec() const override { return "processes:each"; }
    std::size_t concurrency() const noexcept override { return std::numeric_limits<std::size_t>::max(); }

private:
    void serve(worker_slot& slot) override;
    void offer(call& made) override;
    bool offer_again(call& of, index_range tasks, lost why) override;
    bool untouched(remote_batch const& batch, task_ring::position) override;
    void on_end(worker_slot& slot, bool fruitless, int status) override;
    void on_refusal(worker_slot& slot, int error) override;
    void on_loss() override;
    void advance() override;

    void ask_for_processes(remote_batch& batch, index_range tasks);
    void forget(worker_slot const& slot);

    std::deque<worker_slot*> to_spawn_;
    std::vector<worker_slot*> refused_;  // their process must wait for another to end
    std::unordered_map<remote_batch const*, std::size_t> processes_;  // that are to end, of each batch
};

}  // namespace quartet::inline v0::detail
