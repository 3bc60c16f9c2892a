// src/models/processes/process_pool.hpp
//
// `processes:N` and `processes:N+async:M`: N workers that live as long as the executor and take tasks from
// one ring.
#pragma once

#include "src/models/processes/arrangement.hpp"

#include <cstddef>
#include <deque>
#include <set>
#include <string>

namespace quartet::inline v0::detail {

class process_pool final : public arrangement {
public:
    explicit process_pool(arrangement_parts const& with);

    std::string spec() const override;
    std::size_t concurrency() const noexcept override;
    void start_workers() override;
    void serve(worker_slot& slot) override;

    void offer(open_call& made) override;
    bool offer_again(open_call& call, index_range tasks, lost why) override;
    void on_stop_of_call() override;
    bool untouched(remote_batch const& batch, task_ring::position offered_to) override;

    void on_end(worker_slot& slot, bool fruitless, int status) override;
    void on_refusal(worker_slot& slot, int error) override;
    void on_loss() override;
    void advance() override;

private:
    struct late_offer {
        remote_batch* batch;
        index_range tasks;
    };

    bool has_loops() const noexcept { return with_.options.in_flight > 0; }
    void put(open_call& call, index_range tasks);
    void refill();
    void wake_workers(std::size_t tasks);
    void spawn_missing();
    void give_up(failure const& why);

    arrangement_parts const with_;
    // Under the host's lock:
    std::deque<late_offer> overflow_;  // that found no room in the ring
    std::set<worker_slot*> missing_;   // that have no worker, and none is on its way
    bool refused_ = false;             // the system had no process; until something ends or a call comes
    std::size_t fruitless_ends_ = 0;   // in a row, of workers that had begun no task
};

}  // namespace quartet::inline v0::detail
