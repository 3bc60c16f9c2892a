#include "src/models/processes/lost_tasks.hpp"

#include "src/base/describe_end.hpp"
#include "src/models/initializing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <signal.h>
#include <string>
#include <sys/wait.h>

namespace quartet::inline v0::detail {
namespace {

failure describe_death(std::size_t index, std::string const& worker, fork_server::event const& end) {
    failure why{.index = index,
                .why = cause::worker_died,
                .message = fmt::format("its worker {} (process {}) {}, with {:.1f} MiB at its peak", worker,
                                       end.process, describe_end(end.status),
                                       static_cast<double>(end.peak_bytes) / 0x1p20),
                .worker = worker};
    why.worker_peak_bytes = end.peak_bytes;
    if (WIFSIGNALED(end.status)) why.signal = WTERMSIG(end.status);
    if (why.signal == SIGSEGV || why.signal == SIGBUS)
        why.message +=
            "; a pointer or reference into the caller's memory leads nowhere in a worker, or to an old copy "
            "(docs/models.md#what-does-not-cross)";
    if (WIFEXITED(end.status)) why.exit_code = WEXITSTATUS(end.status);
    return why;
}

}  // namespace

void lost_tasks::account_for(worker_slot const& slot, worker_state const& worker,
                             fork_server::event const& end) {
    auto const account = [&](open_call& call) {
        account_for(call, slot,
                    [&](std::size_t index) { return describe_end_of(index, slot, end, worker, &call); });
    };
    if (have_loops_) {
        for (auto& [batch, each] : calls_)
            account(each);
    } else if (open_call* const call = calls_.find(slot.batch.load())) {
        account(*call);
    }
}

/// Gives each task that the worker of the slot had taken an outcome, or back to the others.
void lost_tasks::account_for(open_call& call, worker_slot const& slot, description const& describe) {
    auto const count = static_cast<std::uint32_t>(call.batch->count);
    index_range taken = slot.chunk.load();
    if (slot.batch.load() != call.batch) taken = {};
    taken = {std::min(taken.first, count), std::min(taken.last, count)};
    index_range const perhaps_run = have_loops_ ? index_range{0, count} : taken;
    for (std::uint32_t index = perhaps_run.first; index < perhaps_run.last; ++index) {
        task_word& task = call.batch->tasks[index];
        if (!task.run_by(slot.remote.number)) continue;
        task.end_by_parent();
        fail(call, index, describe);
    }
    give_back(call, taken, arrangement::lost::worker, describe);
    calls_.mark_for_rescan(call);
}

void lost_tasks::account_for_all() {
    for (auto& [batch, each] : calls_)
        account_for_all(each);
}

/// Gives each task that a worker had taken an outcome, or back.
void lost_tasks::account_for_all(open_call& call) {
    auto const describe = [](std::size_t index) {
        return failure{.index = index,
                       .why = cause::worker_died,
                       .message = "the process that forks the workers ended, and the workers with it"};
    };
    for (std::size_t index = 0; index < call.batch->count; ++index) {
        task_word& task = call.batch->tasks[index];
        if (task.is_final() || task.state() == task_state::waiting) continue;
        task.end_by_parent();
        fail(call, index, describe);
    }
    give_back(call, {0, static_cast<std::uint32_t>(call.batch->count)}, arrangement::lost::fork_server,
              describe);
    calls_.mark_for_rescan(call);
}

void lost_tasks::fail(open_call& call, std::size_t index, description const& describe) {
    call.work->fail(describe(index));
    calls_.count_off(call, 1);
}

/// Offers the tasks that are still waiting to the other workers, or fails them.
void lost_tasks::give_back(open_call& call, index_range tasks, arrangement::lost why,
                           description const& describe) {
    for (std::uint32_t first = tasks.first; first < tasks.last;) {
        std::uint32_t end = first;
        while (end < tasks.last && call.batch->tasks[end].state() == task_state::waiting)
            ++end;
        if (end > first && !call.stopped && !arrangement_.offer_again(call, {first, end}, why)) {
            for (; first < end; ++first) {
                if (!call.batch->tasks[first].end_waiting()) continue;
                fail(call, first, describe);
            }
        }
        first = end + 1;
    }
}

failure lost_tasks::describe_end_of(std::size_t index, worker_slot const& slot, fork_server::event const& end,
                                    worker_state const& worker, open_call const* call) const {
    auto const name = worker_name(pool_, slot.remote.number);
    if (slot.ready.load() == readiness::refused) return not_initialized(index, why_refused(pool_), name);
    if (call && worker.late == worker_state::task_id{call->batch, index}) {
        auto why = describe_death(index, name, end);
        why.why = cause::timed_out;
        why.message = fmt::format("timed out after {:g} s, and went on until its worker was killed",
                                  std::chrono::duration<double>(call->work->task_limit()).count());
        return why;
    }
    if (call && call->stopped && worker.terminating)
        return {
            .index = index, .why = cause::cancelled, .message = "cancelled: its worker process was ended"};
    if (worker.late)
        return {.index = index,
                .why = cause::worker_died,
                .message = fmt::format(
                    "its worker {} was ended, since another task went on after its time limit", name),
                .worker = name};
    return describe_death(index, name, end);
}

}  // namespace quartet::inline v0::detail
