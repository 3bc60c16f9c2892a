#include "src/models/processes/supervisor.hpp"

#include "src/base/all_signals_blocked.hpp"
#include "src/base/poll_timeout.hpp"

#include <exception>
#include <iterator>
#include <poll.h>
#include <vector>

namespace quartet::inline v0::detail {

supervisor::supervisor(supervisor_parts const& parts)
    : with_(parts),
      lost_(parts.pool, parts.have_loops, parts.calls, parts.tasks),
      lost_calls_(parts.pool, parts.calls),
      overdue_(parts.have_loops, parts.calls, parts.workers, lost_calls_) {}

void supervisor::start() {
    all_signals_blocked const in_it;
    thread_ = std::thread([this] { supervise(); });
}

void supervisor::end() noexcept {
    if (!thread_.joinable()) return;
    {
        std::lock_guard const lock(with_.mutex);
        ending_ = true;
    }
    with_.wakes.wake();
    thread_.join();
}

void supervisor::supervise() {
    std::unique_lock lock(with_.mutex);
    while (!ending_) {
        auto const until = overdue_.end();
        lock.unlock();
        wait_for_news(until);
        lock.lock();
        if (with_.workers.has_fork_server()) handle_events();
        if (!with_.workers.has_fork_server() && !with_.calls.empty()) revive_fork_server();
        follow_stops();
        with_.calls.rescan();
        if (with_.workers.has_fork_server()) with_.tasks.advance();
        with_.batches.free_untouched();
        lock.unlock();
        with_.results.collect_watched();
        lock.lock();
    }
}

/// Not under the lock.
void supervisor::wait_for_news(time_point until) {
    pollfd waiting[] = {{.fd = with_.wakes.read_end(), .events = POLLIN, .revents = 0},
                        {.fd = with_.workers.descriptor(), .events = POLLIN, .revents = 0},
                        {.fd = with_.workers.end_descriptor(), .events = POLLIN, .revents = 0},
                        {.fd = with_.logs.read_end(), .events = POLLIN, .revents = 0}};
    poll(waiting, std::size(waiting), poll_timeout(until));
    if (waiting[0].revents) with_.wakes.hear();
    if (waiting[3].revents) with_.logs.deliver();
}

// ---- Workers

void supervisor::handle_events() {
    using kind = fork_server::event::kind;
    while (auto const happened = with_.workers.next_event()) {
        switch (happened->what) {
            case kind::spawned:
                break;
            case kind::ended:
                handle_death(*happened);
                break;
            case kind::refused: {
                auto& slot = worker_processes::slot_of(*happened);
                with_.workers.remove(slot);
                with_.tasks.on_refusal(slot, happened->status);
                break;
            }
            case kind::gone:
                return handle_loss_of_fork_server();
        }
    }
}

void supervisor::handle_death(fork_server::event const& end) {
    auto& slot = worker_processes::slot_of(end);
    worker_state const worker = with_.workers.remove(slot);
    lost_.account_for(slot, worker, end);
    lost_calls_.account_for(slot.remote.number, worker.terminating.has_value(), [&](open_call const* call) {
        return lost_.describe_end_of(0, slot, end, worker, call);
    });
    bool const fruitless = slot.remote.current.load() == remote_worker::nothing && !slot.retired.load();
    with_.tasks.on_end(slot, fruitless, end.status);
}

void supervisor::handle_loss_of_fork_server() {
    with_.workers.lose_fork_server();
    with_.tasks.on_loss();
    lost_.account_for_all();
    lost_calls_.account_for_all();
    if (!with_.calls.empty()) revive_fork_server();
}

void supervisor::revive_fork_server() {
    try {
        with_.workers.start_fork_server();
    } catch (std::exception const& refused) {
        with_.calls.fail_waiting({.why = cause::worker_died, .message = refused.what()});
    }
}

// ---- Stops

void supervisor::follow_stops() {
    for (remote_batch* const each : with_.stops.take()) {
        if (open_call* const call = with_.calls.find(each)) follow_stop(*call);
    }
    if (!with_.calls.are_easily_stopped()) return;
    for (auto& [batch, each] : with_.calls)
        follow_stop(each);
}

void supervisor::follow_stop(open_call& call) noexcept {
    if (with_.calls.follow_stop(call)) with_.tasks.on_stop_of_call();
}

}  // namespace quartet::inline v0::detail
