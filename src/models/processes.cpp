// src/models/processes.cpp
//
// Runs bodies in worker processes, so that a body that crashes takes only its worker along.
//
// The workers are forked by a zygote (zygote.hpp). A job, its inputs and its results lie in shared memory
// (detail/shared_heap.hpp, detail/remote.hpp); what a worker does there stands in worker_process.hpp, what
// the parent does in process_host.hpp, and the two arrangements in process_pool.hpp and process_each.hpp.

#include "src/models/process_each.hpp"
#include "src/models/process_pool.hpp"

#include <quartet/models/processes.hpp>

namespace quartet {

struct processes::state {
    std::unique_ptr<detail::process_host> host;
};

processes::processes(std::size_t count, log_handler log)
    : state_(new state{std::make_unique<detail::process_pool>(count, std::move(log))}) {}

processes::processes(one_per_task, log_handler log)
    : state_(new state{std::make_unique<detail::process_each>(std::move(log))}) {}

processes::~processes() = default;

void processes::run(job& work, std::stop_token stop) {
    state_->host->run(work, stop);
}
std::string processes::spec() const {
    return state_->host->spec();
}

}  // namespace quartet
