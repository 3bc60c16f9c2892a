// src/models/processes/process_supervisor.cpp
//
// What the supervisor of a process_host does: it follows its workers' lives, gives the tasks of dead ones an
// outcome or to others, and ends bodies that go on after a stop or a time limit.

#include "src/base/all_signals_blocked.hpp"
#include "src/base/describe_end.hpp"
#include "src/base/descriptor.hpp"
#include "src/base/grace.hpp"
#include "src/base/poll_timeout.hpp"
#include "src/io/running_process.hpp"
#include "src/models/initializing.hpp"
#include "src/models/processes/process_host.hpp"

#include <quartet/detail/base/deadline.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <signal.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>

namespace quartet::inline v0::detail {
namespace {

// Workers that are being ended at a time, and whose ends are not known yet (see fork_server.cpp). Each end
// brings the supervisor back for the next.
constexpr std::ptrdiff_t most_terminating = 32;

constexpr auto never = std::chrono::steady_clock::time_point::max();

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

/// Whether the call's stop came before that moment: we may be late to look.
bool was_stopped_before(std::chrono::steady_clock::time_point limit, remote_batch const& batch) {
    std::uint32_t const mark = batch.stop.load();
    return mark != 0 && std::chrono::steady_clock::now() - age_of_stop(mark) < limit;
}

}  // namespace

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
        pollfd waiting[] = {{.fd = woken_->get(), .events = POLLIN, .revents = 0},
                            {.fd = fork_server_->descriptor(), .events = POLLIN, .revents = 0}};
        constexpr int soon_ms = 50;  // a worker that closes all descriptors at its begin can't wake us
        poll(waiting, std::size(waiting), soon_ms);
        if (waiting[0].revents) hear_wakes();
        if (auto const happened = fork_server_->next_event()) refuse_worker(*happened);
    }
}

void process_host::start_supervisor() {
    all_signals_blocked const in_it;
    supervisor_ = std::thread([this] { supervise(); });
}

void process_host::wake_supervisor() const noexcept {
    send(wake_.get(), "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);  // if there is no room, it wakes anyway
}

void process_host::hear_wakes() const noexcept {
    char ignored = 0;
    while (recv(woken_->get(), &ignored, 1, MSG_DONTWAIT) > 0) {
    }
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
        {.fd = woken_->get(), .events = POLLIN, .revents = 0},
        {.fd = fork_server_ ? fork_server_->descriptor() : -1, .events = POLLIN, .revents = 0},
        {.fd = fork_server_ ? fork_server_->end_descriptor() : -1, .events = POLLIN, .revents = 0},
        {.fd = logs_.read_end(), .events = POLLIN, .revents = 0}};
    poll(waiting, std::size(waiting), poll_timeout(until));
    if (waiting[0].revents) hear_wakes();
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

/// Tasks that a worker has ended may not be counted.
void process_host::mark_for_rescan(call& of) noexcept {
    if (of.batch->needs_rescan.exchange(1) == 0) ++to_rescan_;
    look_for_end(of);
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

void process_host::handle_loss_of_fork_server() {
    fork_server_.reset();  // waits until it is gone, and with it all workers have a SIGKILL on its way
    wait_for_orphans();
    workers_.clear();
    on_loss();
    for (auto& [batch, each] : calls_)
        account_for_all(each);
    if (has_calls()) revive_fork_server();
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

void process_host::revive_fork_server() {
    try {
        start_fork_server();
    } catch (std::exception const& refused) {
        fork_server_.reset();
        fail_waiting({.why = cause::worker_died, .message = refused.what()});
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

// ---- Stops and limits

void process_host::follow_stops() {
    std::vector<remote_batch*> requests;
    {
        std::lock_guard const lock(stops_mutex_);
        requests.swap(stop_requests_);
    }
    for (remote_batch* const each : requests) {
        if (call* const of = find(each)) follow_stop(*of);
    }
    if (easily_stopped_ == 0) return;
    for (auto& [batch, each] : calls_)
        follow_stop(each);
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

/// Ends workers whose body goes on although it was asked to stop or is out of time. Gives the time to look
/// again.
process_host::clock::time_point process_host::end_overdue() {
    auto const now = clock::now();
    return std::min({terminate_late(now), terminate_stopped(now), kill_terminating(now)});
}

process_host::clock::time_point process_host::terminate_late(clock::time_point now) {
    if (limited_ == 0) return never;
    if (options_.in_flight > 0) return terminate_late_on_loops(now);
    // No task that begins from now on is overdue earlier.
    auto next = deadline_after(deadline_after(now, least_limit_), grace);
    for (auto& [slot, worker] : workers_) {
        if (worker.terminating || worker.process == 0) continue;
        // In this order: a deadline that is read after the task is that task's or a later one's.
        remote_batch* const batch = slot->batch.load();
        std::size_t const task = slot->remote.current.load(std::memory_order_acquire);
        std::int64_t const deadline = slot->remote.deadline.load(std::memory_order_acquire);
        if (deadline == remote_worker::no_deadline) continue;
        auto const overdue = deadline_after(clock::time_point(std::chrono::nanoseconds(deadline)), grace);
        if (overdue > now) {
            next = std::min(next, overdue);
        } else {
            call const* const of = find(batch);
            clock::time_point const limit(std::chrono::nanoseconds{deadline});
            if (of) terminate(*slot, worker, *of->batch, task, !was_stopped_before(limit, *of->batch));
        }
    }
    return next;
}

/// A loop looks at the limits of its tasks itself, unless one of them holds it.
process_host::clock::time_point process_host::terminate_late_on_loops(clock::time_point now) {
    auto next = deadline_after(deadline_after(now, least_limit_), grace);
    for (auto& [slot, worker] : workers_) {
        if (worker.terminating || worker.process == 0) continue;
        loop_holder const& holder = slot->holder;
        std::int64_t const since = holder.since.load(std::memory_order_acquire);
        if (since == loop_holder::nobody) continue;
        call const* const of = find(static_cast<remote_batch*>(holder.work.load(std::memory_order_acquire)));
        std::size_t const task = holder.task.load(std::memory_order_acquire);
        std::atomic_thread_fence(std::memory_order_acquire);
        if (!of || !of->work->has_task_limit() || holder.since.load(std::memory_order_acquire) != since)
            continue;
        clock::time_point const began(std::chrono::nanoseconds{since});
        auto const overdue = deadline_after(deadline_after(began, of->work->task_limit()), grace);
        if (overdue > now) {
            next = std::min(next, overdue);
        } else {
            auto const limit = deadline_after(began, of->work->task_limit());
            terminate(*slot, worker, *of->batch, task, !was_stopped_before(limit, *of->batch));
        }
    }
    return next;
}

process_host::clock::time_point process_host::terminate_stopped(clock::time_point now) {
    if (stopped_ == 0) return never;
    if (options_.in_flight > 0) return terminate_stopped_on_loops(now);
    auto next = never;
    for (auto& [slot, worker] : workers_) {
        if (worker.terminating || worker.process == 0) continue;
        call const* const of = find(slot->batch.load());
        if (!of || !of->stopped) continue;
        auto const overdue = *of->stopped + grace;
        if (overdue > now) {
            next = std::min(next, overdue);
        } else {
            terminate(*slot, worker, *of->batch, slot->remote.current.load(std::memory_order_acquire), false);
            next = std::min(next, now + grace);  // it may have been between two tasks
        }
    }
    return next;
}

/// A worker with a loop that still runs tasks of a stopped call.
process_host::clock::time_point process_host::terminate_stopped_on_loops(clock::time_point now) {
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

/// If the worker still runs the task, sees to it that the worker can't end the task, and asks the worker to
/// end.
void process_host::terminate(worker_slot& slot, worker_state& worker, remote_batch& batch, std::size_t task,
                             bool by_limit) {
    auto const terminating =
        std::ranges::count_if(workers_, [](auto const& each) { return !!each.second.terminating; });
    if (terminating >= most_terminating || !fork_server_) return;
    if (task >= batch.count || !batch.tasks[task].mark_terminating(slot.remote.number)) return;
    worker.terminating = clock::now();
    if (by_limit) worker.late = {&batch, task};
    fork_server_->kill(worker.process, SIGTERM);
}

process_host::clock::time_point process_host::kill_terminating(clock::time_point now) {
    auto next = never;
    for (auto& [slot, worker] : workers_) {
        if (!worker.terminating || worker.killed) continue;
        if (*worker.terminating + grace > now) {
            next = std::min(next, *worker.terminating + grace);
        } else {
            fork_server_->kill(worker.process, SIGKILL);
            worker.killed = true;
        }
    }
    return next;
}

}  // namespace quartet::inline v0::detail
