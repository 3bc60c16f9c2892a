// src/models/processes/supervisor.cpp
//
// What the supervisor of a process_host does: it follows its workers' lives, and calls' stops and ends.

#include "src/base/all_signals_blocked.hpp"
#include "src/base/poll_timeout.hpp"
#include "src/models/processes/process_host.hpp"

#include <exception>
#include <iterator>
#include <mutex>
#include <poll.h>
#include <thread>
#include <vector>

namespace quartet::inline v0::detail {

void process_host::start_supervisor() {
    all_signals_blocked const in_it;
    supervisor_ = std::thread([this] { supervise(); });
}

void process_host::supervise() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
        auto const until = end_overdue();
        lock.unlock();
        wait_for_news(until);
        lock.lock();
        if (fork_server_) handle_events();
        if (!fork_server_ && has_calls()) revive_fork_server();
        follow_stops();
        rescan();
        if (fork_server_) advance();
        free_untouched();
        lock.unlock();
        collect_watched();
        lock.lock();
    }
}

void process_host::wait_for_news(clock::time_point until) {
    pollfd waiting[] = {
        {.fd = wakes_.read_end(), .events = POLLIN, .revents = 0},
        {.fd = fork_server_ ? fork_server_->descriptor() : -1, .events = POLLIN, .revents = 0},
        {.fd = fork_server_ ? fork_server_->end_descriptor() : -1, .events = POLLIN, .revents = 0},
        {.fd = logs_.read_end(), .events = POLLIN, .revents = 0}};
    poll(waiting, std::size(waiting), poll_timeout(until));
    if (waiting[0].revents) wakes_.hear();
    if (waiting[3].revents) logs_.deliver();
}

void process_host::handle_events() {
    using kind = fork_server::event::kind;
    while (auto const happened = fork_server_->next_event()) {
        auto* const slot = reinterpret_cast<worker_slot*>(happened->worker);
        switch (happened->what) {
            case kind::spawned:
                workers_[slot].process = happened->process;
                break;
            case kind::ended:
                handle_death(*happened);
                break;
            case kind::refused:
                workers_.erase(slot);
                on_refusal(*slot, happened->status);
                break;
            case kind::gone:
                return handle_loss_of_fork_server();
        }
    }
}

void process_host::handle_death(fork_server::event const& end) {
    auto& slot = *reinterpret_cast<worker_slot*>(end.worker);
    auto const worker = workers_.extract(&slot);
    auto const account = [&](call& of) {
        account_for(of, slot, [&](std::size_t index) {
            return describe_end_of(index, slot, end, worker.mapped(), of);
        });
    };
    if (options_.in_flight > 0) {
        for (auto& [batch, each] : calls_)
            account(each);
    } else if (call* const of = find(slot.batch.load())) {
        account(*of);
    }
    bool const fruitless = slot.remote.current.load() == remote_worker::nothing && !slot.retired.load();
    on_end(slot, fruitless, end.status);
}

void process_host::handle_loss_of_fork_server() {
    fork_server_.reset();  // waits until it is gone, and with it all workers have a SIGKILL on its way
    wait_for_orphans();
    workers_.clear();
    on_loss();
    for (auto& [batch, each] : calls_)
        account_for_all(each);
    if (has_calls()) revive_fork_server();
}

void process_host::revive_fork_server() {
    try {
        start_fork_server();
    } catch (std::exception const& refused) {
        fork_server_.reset();
        fail_waiting({.why = cause::worker_died, .message = refused.what()});
    }
}

void process_host::follow_stops() {
    for (remote_batch* const each : stops_.take()) {
        if (call* const of = find(each)) follow_stop(*of);
    }
    if (easily_stopped_ == 0) return;
    for (auto& [batch, each] : calls_)
        follow_stop(each);
}

}  // namespace quartet::inline v0::detail
