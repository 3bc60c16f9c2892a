#include "src/models/processes/overdue_workers.hpp"

#include "src/base/grace.hpp"

#include <quartet/detail/base/deadline.hpp>

#include <algorithm>
#include <cstdint>
#include <signal.h>

namespace quartet::inline v0::detail {
namespace {

// Workers that are being ended at a time, and whose ends are not known yet (see fork_server.cpp). Each end
// brings the supervisor back for the next.
constexpr std::ptrdiff_t most_terminating = 32;

constexpr auto never = std::chrono::steady_clock::time_point::max();

/// Whether the call's stop came before that moment: we may be late to look.
bool was_stopped_before(std::chrono::steady_clock::time_point limit, remote_batch const& batch) {
    std::uint32_t const mark = batch.stop.load();
    return mark != 0 && std::chrono::steady_clock::now() - age_of_stop(mark) < limit;
}

}  // namespace

overdue_workers::time_point overdue_workers::end() {
    auto const now = std::chrono::steady_clock::now();
    return std::min(
        {terminate_late(now), terminate_stopped(now), terminate_helpers(now), kill_terminating(now)});
}

overdue_workers::time_point overdue_workers::terminate_late(time_point now) {
    auto const least_limit = calls_.least_limit();
    if (!least_limit) return never;
    if (have_loops_) return terminate_late_on_loops(now, *least_limit);
    // No task that begins from now on is overdue earlier.
    auto next = deadline_after(deadline_after(now, *least_limit), grace);
    for (auto& [slot, worker] : workers_) {
        if (worker.terminating || worker.process == 0) continue;
        // In this order: a deadline that is read after the task is that task's or a later one's.
        remote_batch* const batch = slot->batch.load();
        std::size_t const task = slot->remote.current.load(std::memory_order_acquire);
        std::int64_t const deadline = slot->remote.deadline.load(std::memory_order_acquire);
        if (deadline == remote_worker::no_deadline) continue;
        auto const overdue = deadline_after(time_point(std::chrono::nanoseconds(deadline)), grace);
        if (overdue > now) {
            next = std::min(next, overdue);
        } else {
            open_call const* const call = calls_.find(batch);
            time_point const limit(std::chrono::nanoseconds{deadline});
            if (call) terminate(*slot, worker, *call->batch, task, !was_stopped_before(limit, *call->batch));
        }
    }
    return next;
}

/// A loop looks at the limits of its tasks itself, unless one of them holds it.
overdue_workers::time_point overdue_workers::terminate_late_on_loops(time_point now,
                                                                     std::chrono::nanoseconds least_limit) {
    auto next = deadline_after(deadline_after(now, least_limit), grace);
    for (auto& [slot, worker] : workers_) {
        if (worker.terminating || worker.process == 0) continue;
        loop_holder const& holder = slot->holder;
        std::int64_t const since = holder.since.load(std::memory_order_acquire);
        if (since == loop_holder::nobody) continue;
        open_call const* const call =
            calls_.find(static_cast<remote_batch*>(holder.work.load(std::memory_order_acquire)));
        std::size_t const task = holder.task.load(std::memory_order_acquire);
        std::atomic_thread_fence(std::memory_order_acquire);
        if (!call || !call->work->has_task_limit() || holder.since.load(std::memory_order_acquire) != since)
            continue;
        time_point const began(std::chrono::nanoseconds{since});
        auto const overdue = deadline_after(deadline_after(began, call->work->task_limit()), grace);
        if (overdue > now) {
            next = std::min(next, overdue);
        } else {
            auto const limit = deadline_after(began, call->work->task_limit());
            terminate(*slot, worker, *call->batch, task, !was_stopped_before(limit, *call->batch));
        }
    }
    return next;
}

overdue_workers::time_point overdue_workers::terminate_stopped(time_point now) {
    if (!calls_.are_stopped()) return never;
    if (have_loops_) return terminate_stopped_on_loops(now);
    auto next = never;
    for (auto& [slot, worker] : workers_) {
        if (worker.terminating || worker.process == 0) continue;
        open_call const* const call = calls_.find(slot->batch.load());
        if (!call || !call->stopped) continue;
        auto const overdue = *call->stopped + grace;
        if (overdue > now) {
            next = std::min(next, overdue);
        } else if (auto const excused = helped_.excused_until(slot->remote.number, now); excused > now) {
            next = std::min(next, excused);  // another worker is overdue, for which it has waited
        } else {
            terminate(*slot, worker, *call->batch, slot->remote.current.load(std::memory_order_acquire),
                      false);
            next = std::min(next, now + grace);  // it may have been between two tasks
        }
    }
    return next;
}

/// A worker with a loop that still runs tasks of a stopped call.
overdue_workers::time_point overdue_workers::terminate_stopped_on_loops(time_point now) {
    auto next = never;
    for (auto& [batch, each] : calls_) {
        if (!each.stopped || batch->end.is_set()) continue;
        if (*each.stopped + grace > now) {
            next = std::min(next, *each.stopped + grace);
            continue;
        }
        for (auto& [slot, worker] : workers_) {
            for (std::size_t index = 0; index < batch->count && worker.process != 0; ++index) {
                if (!batch->tasks[index].run_by(slot->remote.number)) continue;
                if (!worker.terminating) terminate(*slot, worker, *batch, index, false);
                break;
            }
        }
    }
    return next;
}

/// Those that run a call whose task was stopped, or whose worker is dead.
overdue_workers::time_point overdue_workers::terminate_helpers(time_point now) {
    auto next = never;
    helped_.for_each_unwanted([&](lost_calls::unwanted_call const& each) {
        worker_state* const worker = workers_.find(each.helper);
        if (!worker || worker->terminating || worker->process == 0) return;
        auto const overdue = each.since + grace;
        if (overdue > now) {
            next = std::min(next, overdue);
        } else if (may_terminate() && each.mark_terminating()) {
            worker->terminating = now;
            workers_.kill(*worker, SIGTERM);
            next = std::min(next, now + grace);
        }
    });
    return next;
}

/// Whether not too many are being ended already.
bool overdue_workers::may_terminate() noexcept {
    auto const terminating =
        std::ranges::count_if(workers_, [](auto const& each) { return !!each.second.terminating; });
    return terminating < most_terminating && workers_.has_fork_server();
}

/// If the worker still runs the task, sees to it that the worker can't end the task, and asks the worker to
/// end.
void overdue_workers::terminate(worker_slot& slot, worker_state& worker, remote_batch& batch,
                                std::size_t task, bool by_limit) {
    if (!may_terminate()) return;
    if (task >= batch.count || !batch.tasks[task].mark_terminating(slot.remote.number)) return;
    worker.terminating = std::chrono::steady_clock::now();
    if (by_limit) worker.late = {&batch, task};
    workers_.kill(worker, SIGTERM);
}

overdue_workers::time_point overdue_workers::kill_terminating(time_point now) {
    auto next = never;
    for (auto& [slot, worker] : workers_) {
        if (!worker.terminating || worker.killed) continue;
        if (*worker.terminating + grace > now) {
            next = std::min(next, *worker.terminating + grace);
        } else {
            workers_.kill(worker, SIGKILL);
            worker.killed = true;
        }
    }
    return next;
}

}  // namespace quartet::inline v0::detail
