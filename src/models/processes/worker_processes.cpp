#include "src/models/processes/worker_processes.hpp"

#include "src/base/describe_end.hpp"
#include "src/base/descriptor.hpp"
#include "src/io/commands/running_process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <poll.h>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace quartet::inline v0::detail {

worker_processes::worker_processes(pool_state& pool, std::function<void()> const& initialize,
                                   std::function<void(worker_slot&)> serve)
    : pool_(pool), initialize_(initialize), serve_(std::move(serve)) {}

void worker_processes::start_fork_server() {
    fork_server_.emplace([this](fork_server::ticket worker) {
        auto& slot = *reinterpret_cast<worker_slot*>(worker);
        initialize_worker(pool_, slot, initialize_);
        serve_(slot);
    });
}

void worker_processes::lose_fork_server() {
    fork_server_.reset();  // waits until it is gone, and with it all workers have a SIGKILL on its way
    wait_for_orphans();
    workers_.clear();
}

// When a fork server ends, the kernel kills its workers a moment after this process hears of it. Until they
// are gone they may write to their batches. Their new parent may be late to reap them, so that kill(process,
// 0) would go on finding them; a pidfd is readable as soon as a process runs no more.
void worker_processes::wait_for_orphans() const {
    constexpr int patience_ms = 5000;
    for (auto const& [slot, worker] : workers_) {
        // It may have begun before we heard of it.
        pid_t const process = worker.process ? worker.process : slot->process.load();
        if (process == 0) continue;
        detail::descriptor const handle(open_pidfd(process));
        if (handle.get() < 0) continue;  // gone and reaped
        pollfd end{.fd = handle.get(), .events = POLLIN, .revents = 0};
        while (poll(&end, 1, patience_ms) < 0 && errno == EINTR) {
        }
    }
}

std::optional<fork_server::event> worker_processes::next_event() {
    auto happened = fork_server_->next_event();
    if (happened && happened->what == fork_server::event::kind::spawned)
        workers_[&slot_of(*happened)].process = happened->process;
    return happened;
}

worker_slot& worker_processes::slot_of(fork_server::event const& happened) noexcept {
    return *reinterpret_cast<worker_slot*>(happened.worker);
}

void worker_processes::spawn(worker_slot& slot) {
    workers_.try_emplace(&slot);
    fork_server_->spawn(reinterpret_cast<fork_server::ticket>(&slot));
}

worker_state worker_processes::remove(worker_slot& slot) noexcept {
    return workers_.extract(&slot).mapped();
}

void worker_processes::wait_for_worker() {
    for (;;) {
        if (auto const happened = next_event()) {
            if (happened->what == fork_server::event::kind::refused)
                throw std::system_error(happened->status, std::generic_category(),
                                        "cannot fork a worker process");
            if (happened->what != fork_server::event::kind::spawned) refuse_worker(*happened);
            return;
        }
        pollfd waiting[] = {{.fd = descriptor(), .events = POLLIN, .revents = 0},
                            {.fd = end_descriptor(), .events = POLLIN, .revents = 0}};
        poll(waiting, std::size(waiting), -1);
    }
}

/// A new worker has ended.
void worker_processes::refuse_worker(fork_server::event const& end) const {
    if (end.what != fork_server::event::kind::ended)
        throw std::runtime_error("quartet: the process that forks the workers ended before they were used");
    if (slot_of(end).ready.load() == readiness::refused) throw std::runtime_error(why_refused(pool_));
    throw std::runtime_error(fmt::format("quartet: a new worker process {} before it was used{}",
                                         describe_end(end.status),
                                         initialize_ ? ", in executor_options::initialize" : ""));
}

void worker_processes::wait_for_readiness(wake_channel const& supervisor) {
    if (!initialize_) return;
    auto const is_ready = [](worker_slot const& each) { return each.ready.load() == readiness::ready; };
    while (!std::all_of(pool_.slots, pool_.slots + pool_.workers, is_ready)) {
        pollfd waiting[] = {{.fd = supervisor.read_end(), .events = POLLIN, .revents = 0},
                            {.fd = descriptor(), .events = POLLIN, .revents = 0}};
        constexpr int soon_ms = 50;  // a worker that closes all descriptors at its begin can't wake us
        poll(waiting, std::size(waiting), soon_ms);
        if (waiting[0].revents) supervisor.hear();
        if (auto const happened = next_event()) refuse_worker(*happened);
    }
}

}  // namespace quartet::inline v0::detail
