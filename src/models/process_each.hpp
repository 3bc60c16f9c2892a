// src/models/process_each.hpp
//
// `processes:each`: a worker process for every task, all at the same time as far as the system lets.
#pragma once

#include "src/models/process_host.hpp"

#include <vector>

namespace quartet::detail {

class process_each final : public process_host {
public:
    /// Throws std::system_error.
    explicit process_each(log_handler log);

    std::string spec() const override { return "processes:each"; }

private:
    void start() override;
    void take_idle_events() override;
    void run_batch(job& work) override;
    void on_event(zygote::event const& happened, job& work);

    std::vector<std::size_t> refused_;  // tasks whose process must wait for another to end
    int refusal_ = 0;                   // the errno
    std::size_t ended_ = 0;
};

}  // namespace quartet::detail
