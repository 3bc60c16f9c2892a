#include "src/models/processes/process_each.hpp"

#include <fmt/format.h>

#include <cstring>
#include <string>
#include <utility>

namespace quartet::inline v0::detail {

void process_each::serve(worker_slot& slot) {
    serve_one(with_.pool, slot);
}

/// The slots lie with the batch.
void process_each::offer(open_call& made) {
    auto& batch = *made.batch;
    shared_arena arena(*batch.heap, batch.blocks);
    batch.own_slots = arena.allocate_array<worker_slot>(batch.count);
    ask_for_processes(batch, {0, static_cast<std::uint32_t>(batch.count)});
}

/// A process that has ended before it began its task would perhaps always do so.
bool process_each::offer_again(open_call& call, index_range tasks, lost why) {
    if (why == lost::fork_server) ask_for_processes(*call.batch, tasks);
    return why == lost::fork_server;
}

void process_each::ask_for_processes(remote_batch& batch, index_range tasks) {
    processes_[&batch] += tasks.last - tasks.first;
    for (std::uint32_t index = tasks.first; index < tasks.last; ++index) {
        worker_slot& slot = batch.own_slots[index];
        reset_slot(slot, index);
        slot.batch.store(&batch, std::memory_order_relaxed);
        slot.chunk.store({index, index + 1}, std::memory_order_relaxed);
        to_spawn_.push_back(&slot);
    }
    with_.supervisor.wake();
}

bool process_each::untouched(remote_batch const& batch, task_ring::position) {
    return !processes_.contains(&batch);
}

void process_each::advance() {
    for (worker_slot* const each : std::exchange(to_spawn_, {}))
        with_.workers.spawn(*each);
    // What no process can be had for is not to wait for ever.
    if (refused_.empty() || !with_.workers.empty()) return;
    for (worker_slot* const each : std::exchange(refused_, {}))
        forget(*each);
}

void process_each::on_end(worker_slot& slot, bool, int) {
    forget(slot);
    if (refused_.empty()) return;
    with_.workers.spawn(*refused_.back());
    refused_.pop_back();
}

void process_each::on_refusal(worker_slot& slot, int error) {
    refused_.push_back(&slot);
    if (with_.workers.empty())
        with_.calls.fail_waiting(
            {.why = cause::worker_died,
             .message = fmt::format("no process could be forked: {}", std::strerror(error))});
}

void process_each::on_loss() {
    to_spawn_.clear();
    refused_.clear();
    processes_.clear();
}

/// The process of the slot has ended, or never was.
void process_each::forget(worker_slot const& slot) {
    auto const found = processes_.find(slot.batch.load());
    if (--found->second == 0) processes_.erase(found);
}

}  // namespace quartet::inline v0::detail
