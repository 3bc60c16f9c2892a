// src/models/processes/worker_processes.cpp
//
// The worker processes, and the fork server that forks them.

#include "src/base/describe_end.hpp"
#include "src/base/descriptor.hpp"
#include "src/io/running_process.hpp"
#include "src/models/processes/process_host.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <new>
#include <poll.h>
#include <stdexcept>
#include <system_error>

namespace quartet::inline v0::detail {

void process_host::reset_slot(worker_slot& slot, std::size_t number) {
    ::new (&slot) worker_slot{};
    slot.remote.number = number;
    slot.remote.current.store(remote_worker::nothing, std::memory_order_relaxed);
}

void process_host::start_fork_server() {
    fork_server_.emplace([this](fork_server::ticket worker) {
        auto& slot = *reinterpret_cast<worker_slot*>(worker);
        initialize_worker(*pool_, slot, options_.initialize);
        serve(slot);
    });
}

void process_host::spawn(worker_slot& slot) {
    workers_.try_emplace(&slot);
    fork_server_->spawn(reinterpret_cast<fork_server::ticket>(&slot));
}

void process_host::wait_for_worker() {
    for (;;) {
        if (auto const happened = fork_server_->next_event()) {
            if (happened->what == fork_server::event::kind::refused)
                throw std::system_error(happened->status, std::generic_category(),
                                        "cannot fork a worker process");
            if (happened->what != fork_server::event::kind::spawned) refuse_worker(*happened);
            workers_[reinterpret_cast<worker_slot*>(happened->worker)].process = happened->process;
            return;
        }
        pollfd waiting[] = {{.fd = fork_server_->descriptor(), .events = POLLIN, .revents = 0},
                            {.fd = fork_server_->end_descriptor(), .events = POLLIN, .revents = 0}};
        poll(waiting, std::size(waiting), -1);
    }
}

/// A new worker has ended.
void process_host::refuse_worker(fork_server::event const& end) const {
    if (end.what != fork_server::event::kind::ended)
        throw std::runtime_error("quartet: the process that forks the workers ended before they were used");
    auto const& slot = *reinterpret_cast<worker_slot const*>(end.worker);
    if (slot.ready.load() == readiness::refused) throw std::runtime_error(why_refused(*pool_));
    throw std::runtime_error(fmt::format("quartet: a new worker process {} before it was used{}",
                                         describe_end(end.status),
                                         options_.initialize ? ", in executor_options::initialize" : ""));
}

void process_host::wait_for_readiness() {
    if (!options_.initialize) return;
    auto const is_ready = [](worker_slot const& each) { return each.ready.load() == readiness::ready; };
    while (!std::all_of(pool_->slots, pool_->slots + pool_->workers, is_ready)) {
        pollfd waiting[] = {{.fd = wakes_.read_end(), .events = POLLIN, .revents = 0},
                            {.fd = fork_server_->descriptor(), .events = POLLIN, .revents = 0}};
        constexpr int soon_ms = 50;  // a worker that closes all descriptors at its begin can't wake us
        poll(waiting, std::size(waiting), soon_ms);
        if (waiting[0].revents) wakes_.hear();
        if (auto const happened = fork_server_->next_event()) refuse_worker(*happened);
    }
}

// When a fork server ends, the kernel kills its workers a moment after this process hears of it. Until they
// are gone they may write to their batches. Their new parent may be late to reap them, so that kill(process,
// 0) would go on finding them; a pidfd is readable as soon as a process runs no more.
void process_host::wait_for_orphans() const {
    constexpr int patience_ms = 5000;
    for (auto const& [slot, worker] : workers_) {
        // It may have begun before we heard of it.
        pid_t const process = worker.process ? worker.process : slot->process.load();
        if (process == 0) continue;
        descriptor const handle(open_pidfd(process));
        if (handle.get() < 0) continue;  // gone and reaped
        pollfd end{.fd = handle.get(), .events = POLLIN, .revents = 0};
        while (poll(&end, 1, patience_ms) < 0 && errno == EINTR) {
        }
    }
}

}  // namespace quartet::inline v0::detail
