// src/models/processes/process_pool.cpp
//
// The models "processes:N" and "processes:N+async:M": a fixed number of workers, replaced when they end.
//
// A call's tasks are one offer in the ring (task_ring.hpp), from which workers take chunks. When a worker
// ends, its slot still says which chunk it had: the task that it was running fails, and what it had not
// begun is offered again. What finds no room in the ring waits in the parent, and a worker that finds the
// ring half empty wakes the supervisor.

#include "src/models/processes/process_pool.hpp"

#include "src/base/describe_end.hpp"
#include "src/models/initializing.hpp"
#include "src/models/loop_limit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace quartet::inline v0::detail {

process_pool::process_pool(arrangement_parts const& with) : with_(with) {
    for (std::size_t number = 0; number < with_.pool.workers; ++number)
        reset_slot(with_.pool.slots[number], number);
}

void process_pool::start_workers() {
    with_.workers.start_fork_server();
    for (std::size_t number = 0; number < with_.pool.workers; ++number)
        with_.workers.spawn(with_.pool.slots[number]);
    for (std::size_t number = 0; number < with_.pool.workers; ++number)
        with_.workers.wait_for_worker();
    with_.workers.wait_for_readiness(with_.supervisor);
}

std::string process_pool::spec() const {
    auto constexpr kind = model_kind::processes;
    return to_string(has_loops() ? composed_spec(kind, with_.pool.workers, with_.options.in_flight)
                                 : model_spec{.kind = kind, .count = with_.pool.workers});
}

std::size_t process_pool::concurrency() const noexcept {
    if (!has_loops()) return with_.pool.workers;
    return limit_together(with_.options.in_flight, with_.pool.workers);
}

void process_pool::serve(worker_slot& slot) {
    if (has_loops()) serve_loop(with_.pool, slot, with_.options);
    serve_pool(with_.pool, slot);
}

void process_pool::offer(open_call& made) {
    put(made, {0, static_cast<std::uint32_t>(made.batch->count)});
    refused_ = false;
    if (!missing_.empty()) with_.supervisor.wake();
}

bool process_pool::offer_again(open_call& call, index_range tasks, lost) {
    put(call, tasks);
    return true;
}

/// Offers tasks in the ring. If it is full they wait in the parent, behind those that wait already.
void process_pool::put(open_call& call, index_range tasks) {
    if (!overflow_.empty() || with_.pool.ring.full()) {
        overflow_.push_back({call.batch, tasks});
        with_.pool.overflown.store(1);
        if (with_.pool.ring.half_empty()) with_.supervisor.wake();  // it became so before it was overflown
        return;
    }
    call.offered_to = with_.pool.ring.push(*call.batch, tasks) + 1;
    wake_workers(tasks.last - tasks.first);
}

/// Moves tasks that wait in the parent into the ring, as far as there is room.
void process_pool::refill() {
    if (overflow_.empty()) return;
    while (!overflow_.empty() && !with_.pool.ring.full()) {
        auto const [batch, tasks] = overflow_.front();
        overflow_.pop_front();
        open_call* const call = with_.calls.find(batch);
        if (!call) continue;  // it was stopped, and has ended
        auto const count = static_cast<std::uint32_t>(batch->count);
        index_range const left{std::min(tasks.first, count), std::min(tasks.last, count)};
        call->offered_to = with_.pool.ring.push(*batch, left) + 1;
    }
    with_.pool.overflown.store(overflow_.empty() ? 0 : 1);
    wake_workers(with_.pool.workers);
}

/// Wakes as many sleeping workers as there are tasks. A worker looks at the ring once more after it has said
/// that it is asleep.
void process_pool::wake_workers(std::size_t tasks) {
    for (std::size_t number = 0; number < with_.pool.workers && tasks > 0; ++number) {
        worker_slot& slot = with_.pool.slots[number];
        std::uint32_t wanting = worker_slot::wants_calls;
        if (!slot.asleep.compare_exchange_strong(wanting, 0)) continue;
        call_worker(slot);
        --tasks;
    }
}

/// A worker names the batch that it takes tasks of, and one with a loop also that of which it stores an
/// outcome. It touches others too, but none whose tasks all have an outcome.
bool process_pool::untouched(remote_batch const& batch, task_ring::position offered_to) {
    return with_.pool.ring.head() >= offered_to &&
           std::none_of(with_.pool.slots, with_.pool.slots + with_.pool.workers,
                        [&](worker_slot const& each) {
                            return each.batch.load() == &batch || each.storing.load() == &batch;
                        });
}

void process_pool::on_stop_of_call() {
    if (!has_loops()) return;
    for (std::size_t number = 0; number < with_.pool.workers; ++number)
        call_worker(with_.pool.slots[number]);
}

void process_pool::on_end(worker_slot& slot, bool fruitless, int status) {
    bool const refused = slot.ready.load() == readiness::refused;
    reset_slot(slot, slot.remote.number);
    missing_.insert(&slot);
    refused_ = false;
    wake_workers(with_.pool.workers);  // it was perhaps woken for a task; another is to take that
    fruitless_ends_ = fruitless ? fruitless_ends_ + 1 : 0;
    // Workers that end before they begin anything would be replaced for ever.
    if (fruitless_ends_ > 10 + 2 * with_.pool.workers)
        give_up(refused
                    ? not_initialized(0, why_refused(with_.pool), worker_name(with_.pool, slot.remote.number))
                    : failure{.why = cause::worker_died,
                              .message = fmt::format(
                                  "worker processes keep ending before they run a task; the last one {}",
                                  describe_end(status))});
}

void process_pool::on_refusal(worker_slot& slot, int error) {
    missing_.insert(&slot);
    refused_ = true;
    // The others do its work, if there are any.
    if (with_.workers.empty())
        give_up({.why = cause::worker_died,
                 .message = fmt::format("no worker process could be forked: {}", std::strerror(error))});
}

/// Fails what no worker has begun. The next call has workers started again.
void process_pool::give_up(failure const& why) {
    fruitless_ends_ = 0;
    with_.calls.fail_waiting(why);
}

void process_pool::on_loss() {
    with_.pool.ring.clear();
    overflow_.clear();
    with_.pool.overflown.store(0);
    refused_ = false;
    for (std::size_t number = 0; number < with_.pool.workers; ++number) {
        reset_slot(with_.pool.slots[number], number);
        missing_.insert(&with_.pool.slots[number]);
    }
}

void process_pool::advance() {
    refill();
    spawn_missing();
}

void process_pool::spawn_missing() {
    if (refused_ || (with_.calls.empty() && fruitless_ends_ > 0)) return;
    for (worker_slot* const each : std::exchange(missing_, {}))
        with_.workers.spawn(*each);
}

}  // namespace quartet::inline v0::detail
