// src/models/processes/process_each.hpp
//
// `processes:each`: a worker process for every task, all at the same time as far as the system lets.
#pragma once

#include "src/models/processes/arrangement.hpp"

#include <deque>
#include <limits>
#include <unordered_map>
#include <vector>

namespace quartet::inline v0::detail {

class process_each final : public arrangement {
public:
    explicit process_each(arrangement_parts const& with) : with_(with) {}

    std::string spec() const override { return "processes:each"; }
    std::size_t concurrency() const noexcept override { return std::numeric_limits<std::size_t>::max(); }
    void start_workers() override { with_.workers.start_fork_server(); }
    void serve(worker_slot& slot) override;

    void offer(open_call& made) override;
    bool offer_again(open_call& call, index_range tasks, lost why) override;
    bool untouched(remote_batch const& batch, task_ring::position) override;

    void on_end(worker_slot& slot, bool fruitless, int status) override;
    void on_refusal(worker_slot& slot, int error) override;
    void on_loss() override;
    void advance() override;

private:
    void ask_for_processes(remote_batch& batch, index_range tasks);
    void forget(worker_slot const& slot);

    arrangement_parts const with_;
    // Under the host's lock:
    std::deque<worker_slot*> to_spawn_;
    std::vector<worker_slot*> refused_;  // their process must wait for another to end
    std::unordered_map<remote_batch const*, std::size_t> processes_;  // that are to end, of each batch
};

}  // namespace quartet::inline v0::detail
