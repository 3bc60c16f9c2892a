// src/models/process_pool.hpp
//
// `processes:N`: N workers that live as long as the executor and share the tasks of each run.
#pragma once

#include "src/models/process_host.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <set>
#include <string>

namespace quartet::detail {

class process_pool final : public process_host {
public:
    /// Starts the workers. Throws std::system_error if one is refused.
    process_pool(std::size_t count, log_handler log);

    std::string spec() const override;

private:
    void start() override;
    void take_idle_events() override;
    void run_batch(job& work) override;
    void open_batch();
    void close_batch();
    void replace_missing();
    void spawn(std::size_t number);

    void on_event(zygote::event const& happened, job& work);
    void on_death(zygote::event const& end, job& work);
    void give_up(std::string why);

    bool all_taken(std::size_t count) const;
    bool all_idle() const;
    bool give_back_lost_tasks();
    void put_returned();
    void forget_returned();
    void wake_workers();

    std::size_t count_;
    std::set<std::size_t> spawning_;
    std::size_t fruitless_deaths_ = 0;    // in a row, of workers that had begun no task
    std::optional<std::string> gave_up_;  // why nobody will run what is left
    std::deque<index_range> returned_;    // that found no room in pool_state::returned yet
};

}  // namespace quartet::detail
