// src/models/processes/processes.cpp
//
// Runs bodies in worker processes, so that a body that crashes takes only its worker along.
//
// The workers are forked by a fork server (fork_server.hpp). A job, its inputs and its results lie in shared
// memory (shared_heap.hpp, remote.hpp); what a worker does there stands in worker_process.hpp, what the
// parent does in process_host.hpp, and the two arrangements in process_pool.hpp and process_each.hpp.

#include "src/models/processes/process_each.hpp"
#include "src/models/processes/process_host.hpp"
#include "src/models/processes/process_pool.hpp"

#include <quartet/backend/processes.hpp>

#include <stdexcept>
#include <utility>

namespace quartet::inline v0 {
namespace {

template <class Arrangement>
std::unique_ptr<detail::arrangement> made(detail::arrangement_parts const& with) {
    return std::make_unique<Arrangement>(with);
}

std::unique_ptr<detail::process_host> make_pool(processes_options options) {
    std::size_t const workers = options.count;
    if (workers == 0) throw std::invalid_argument("quartet: the model 'processes' needs at least one worker");
    return std::make_unique<detail::process_host>(workers, std::move(options), made<detail::process_pool>);
}

std::unique_ptr<detail::process_host> make_each(processes_options options) {
    options.recycle_after = 0;
    return std::make_unique<detail::process_host>(0, std::move(options), made<detail::process_each>);
}

}  // namespace

processes::processes(processes_options options) : host_(make_pool(std::move(options))) {}

processes::processes(one_per_task, processes_options options) : host_(make_each(std::move(options))) {}

processes::~processes() = default;

void processes::start(job& work) {
    host_->start(work);
}
void processes::stop() noexcept {
    host_->stop();
}
void processes::join() noexcept {
    host_->join();
}
job_driver& processes::driver() noexcept {
    return *host_;
}
std::size_t processes::concurrency() const noexcept {
    return host_->concurrency();
}
std::string processes::spec() const {
    return host_->spec();
}

}  // namespace quartet::inline v0
