// src/models/processes/open_calls.cpp
//
// The calls whose results have not been collected, and what the parent does to their tasks.

#include "src/models/processes/process_host.hpp"

#include <chrono>
#include <cstddef>
#include <utility>

namespace quartet::inline v0::detail {

process_host::call* process_host::find(remote_batch* batch) noexcept {
    auto const found = calls_.find(batch);
    return found == calls_.end() ? nullptr : &found->second;
}

/// Under the lock.
void process_host::strike_off(call const& of) noexcept {
    if (of.work->has_task_limit() && --limited_ == 0) least_limit_ = std::chrono::nanoseconds::max();
    easily_stopped_ -= of.work->policy() == on_failure::stop_all;
    stopped_ -= of.stopped.has_value();
    to_rescan_ -= of.batch->needs_rescan.load(std::memory_order_relaxed);
    calls_.erase(of.batch);
}

/// Under the lock: so many tasks more have an outcome.
void process_host::count_off(call& of, std::size_t tasks) noexcept {
    if (tasks > 0 && of.batch->left.fetch_sub(tasks) == tasks) tell_end(*pool_, *of.batch);
}

void process_host::fail_waiting(failure const& why) {
    for (auto& [batch, each] : calls_)
        fail_waiting(each, why);
}

void process_host::fail_waiting(call& of, failure const& why) noexcept {
    std::size_t failed = 0;
    for (std::size_t index = 0; index < of.batch->count; ++index) {
        if (!of.batch->tasks[index].end_waiting()) continue;
        failure own = why;
        own.index = index;
        of.work->fail(std::move(own));
        ++failed;
    }
    count_off(of, failed);
}

/// If the call was asked to stop: begins its grace time, and cancels what has not begun.
void process_host::follow_stop(call& of) noexcept {
    if (of.stopped || of.batch->stop.load() == 0) return;
    of.stopped = clock::now();
    ++stopped_;
    // A worker may have stopped it, after a failure; then no limit of the call's is to blame any more. Nobody
    // has a token of it: its bodies run elsewhere.
    static_cast<void>(of.work->stop().raise());
    std::size_t cancelled = 0;
    for (std::size_t index = 0; index < of.batch->count; ++index) {
        if (!of.batch->tasks[index].end_waiting()) continue;
        of.work->cancel(index, index + 1);
        ++cancelled;
    }
    count_off(of, cancelled);
    on_stop_of_call();
}

/// Tasks that a worker has ended may not be counted.
void process_host::mark_for_rescan(call& of) noexcept {
    if (of.batch->needs_rescan.exchange(1) == 0) ++to_rescan_;
    look_for_end(of);
}

/// Whether all tasks of a call that needs rescans have an outcome.
void process_host::look_for_end(call& of) noexcept {
    while (of.scanned < of.batch->count && of.batch->tasks[of.scanned].is_final())
        ++of.scanned;
    // Also if a worker has done so: it may have died before it woke anybody.
    if (of.scanned == of.batch->count) tell_end(*pool_, *of.batch);
}

void process_host::rescan() {
    if (to_rescan_ == 0) return;
    for (auto& [batch, each] : calls_) {
        if (batch->needs_rescan.load(std::memory_order_relaxed)) look_for_end(each);
    }
}

}  // namespace quartet::inline v0::detail
