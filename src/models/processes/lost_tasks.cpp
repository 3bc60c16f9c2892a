// src/models/processes/lost_tasks.cpp
//
// What becomes of the tasks of workers that have ended.

#include "src/base/describe_end.hpp"
#include "src/models/initializing.hpp"
#include "src/models/processes/process_host.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
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

/// Gives each task that the worker of the slot had taken an outcome, or back to the others.
void process_host::account_for(call& of, worker_slot const& slot,
                               std::function<failure(std::size_t)> const& describe) {
    auto const count = static_cast<std::uint32_t>(of.batch->count);
    index_range taken = slot.chunk.load();
    if (slot.batch.load() != of.batch) taken = {};
    taken = {std::min(taken.first, count), std::min(taken.last, count)};
    index_range const perhaps_run = options_.in_flight > 0 ? index_range{0, count} : taken;
    for (std::uint32_t index = perhaps_run.first; index < perhaps_run.last; ++index) {
        task_word& task = of.batch->tasks[index];
        if (!task.run_by(slot.remote.number)) continue;
        task.end_by_parent();
        of.work->fail(describe(index));
        count_off(of, 1);
    }
    give_back(of, taken, lost::worker, describe);
    mark_for_rescan(of);
}

/// There is no worker: gives each task that one had taken an outcome, or back.
void process_host::account_for_all(call& of) {
    auto const describe = [](std::size_t index) {
        return failure{.index = index,
                       .why = cause::worker_died,
                       .message = "the process that forks the workers ended, and the workers with it"};
    };
    for (std::size_t index = 0; index < of.batch->count; ++index) {
        task_word& task = of.batch->tasks[index];
        if (task.is_final() || task.state() == task_state::waiting) continue;
        task.end_by_parent();
        of.work->fail(describe(index));
        count_off(of, 1);
    }
    give_back(of, {0, static_cast<std::uint32_t>(of.batch->count)}, lost::fork_server, describe);
    mark_for_rescan(of);
}

/// Offers the tasks that are still waiting to the other workers, or fails them.
void process_host::give_back(call& of, index_range tasks, lost why,
                             std::function<failure(std::size_t)> const& describe) {
    for (std::uint32_t first = tasks.first; first < tasks.last;) {
        std::uint32_t end = first;
        while (end < tasks.last && of.batch->tasks[end].state() == task_state::waiting)
            ++end;
        if (end > first && !of.stopped && !offer_again(of, {first, end}, why)) {
            for (; first < end; ++first) {
                if (!of.batch->tasks[first].end_waiting()) continue;
                of.work->fail(describe(first));
                count_off(of, 1);
            }
        }
        first = end + 1;
    }
}

failure process_host::describe_end_of(std::size_t index, worker_slot const& slot,
                                      fork_server::event const& end, worker_state const& worker,
                                      call const& of) const {
    auto const name = worker_name(*pool_, slot.remote.number);
    if (slot.ready.load() == readiness::refused) return not_initialized(index, why_refused(*pool_), name);
    if (worker.late == task_id{of.batch, index}) {
        auto why = describe_death(index, name, end);
        why.why = cause::timed_out;
        why.message = fmt::format("timed out after {:g} s, and went on until its worker was killed",
                                  std::chrono::duration<double>(of.work->task_limit()).count());
        return why;
    }
    if (of.stopped && worker.terminating)
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
