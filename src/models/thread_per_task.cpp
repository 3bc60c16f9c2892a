// src/models/thread_per_task.cpp
//
// The model "threads:each": start() makes a thread for each task of the job.
//
// Each thread must be joined, and a program that submits tasks for days would gather millions of ended ones.
// So a thread that ends joins the one that ended before it; only the last is left for the destructor. When
// the system refuses a thread, the job's remaining tasks go into a queue, and a thread that has ended its
// task takes one of them instead of ending.

#include "src/io/context/blocking_context.hpp"
#include "src/io/context/logging.hpp"
#include "src/models/executor_end.hpp"
#include "src/models/initializing.hpp"
#include "src/models/job_count.hpp"
#include "src/models/job_queue.hpp"
#include "src/models/naming.hpp"
#include "src/models/stop_jobs.hpp"

#include <quartet/backend/threads.hpp>
#include <quartet/cpus.hpp>
#include <quartet/detail/io/pool_thread.hpp>

#include <fmt/format.h>

#include <condition_variable>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::inline v0 {

using detail::claim;

struct thread_per_task::state final : job_driver {
    /// A job whose tasks run on the thread of a body that waits for it.
    struct helping {
        job* work;
        helping* outer;
    };
    struct runner {
        std::thread thread;
        claim task;  // empty when it has ended
        helping* helped = nullptr;
    };

    explicit state(threads_options options)
        : log(std::move(options.log)),
          initialize(std::move(options.initialize)),
          name(std::move(options.name)),
          cpu_share(quartet::cpu_share()) {}

    void see_off_the_leaving();
    void begin(claim task);
    void serve(claim task);
    void run(claim const& task, std::optional<std::string> const& refused);
    void run_here(claim const& task);
    worker_info worker_of(claim const& task) const;
    std::vector<detail::unended_body> unended_bodies();
    claim next_or_leave();
    bool leave_waiting(job& work, std::size_t first);
    void fail_rest(job& work, std::size_t first, std::string const& why);
    void stopped(job& work) noexcept override;
    void help(job& work) override;

    log_handler log;
    std::function<void()> initialize;
    std::string name;
    std::size_t cpu_share;  // of all threads together

    std::mutex mutex;  // guards what follows
    std::condition_variable left;
    detail::job_queue waiting;  // for a thread that the system refused
    std::map<std::thread::id, runner> running;
    std::size_t leaving = 0;  // threads in `running` that have ended their task
    std::thread last_to_leave;

    detail::job_count unfinished;
};

/// Waits until the threads that have ended their tasks are gone, since they still count for the system's
/// limits and hold memory.
void thread_per_task::state::see_off_the_leaving() {
    if (detail::this_pool_thread.pool == this) return;  // it may be one of them
    std::thread last;
    {
        std::unique_lock lock(mutex);
        left.wait(lock, [this] { return leaving == 0; });
        last = std::exchange(last_to_leave, {});
    }
    if (last.joinable()) last.join();
}

/// Starts a thread for a task. Throws std::system_error.
void thread_per_task::state::begin(claim task) {
    std::lock_guard const lock(mutex);  // the thread finds itself in the list
    std::thread began([this, task] { serve(task); });
    auto const id = began.get_id();
    try {
        running.try_emplace(id, runner{std::move(began), task});
    } catch (...) {
        std::terminate();  // no memory for a thread that runs already
    }
}

void thread_per_task::state::serve(claim task) {
    detail::set_thread_cpu_share(detail::one_share(cpu_share, task.work->size()));
    {
        std::lock_guard const lock(mutex);
        detail::this_pool_thread = {.pool = this, .own = &running.at(std::this_thread::get_id())};
    }
    auto const refused = detail::run_initialize(initialize, worker_of(task).name);
    for (; task; task = next_or_leave())
        run(task, refused);
}

worker_info thread_per_task::state::worker_of(claim const& task) const {
    return {.name = fmt::format("{}-{}", name, task.first), .number = task.first, .process_id = getpid()};
}

void thread_per_task::state::run_here(claim const& task) {
    detail::blocking_context ctx(worker_of(task), task.work->stop(), detail::log_to(log),
                                 detail::body_name_of(*task.work));
    task.work->run(ctx, task.first, task.last);
}

/// Runs a task, or fails it if `refused` says why this thread could not be initialized.
void thread_per_task::state::run(claim const& task, std::optional<std::string> const& refused) {
    if (refused)
        task.work->fail(detail::not_initialized(task.first, *refused, worker_of(task).name));
    else
        run_here(task);
    {
        std::lock_guard const lock(mutex);
        running.at(std::this_thread::get_id()).task = {};
        ++leaving;
    }
    unfinished.note_end(*task.work, 1);
}

/// Takes a task that waits for a thread. If there is none, the thread is to end: joins the one that ended
/// before.
claim thread_per_task::state::next_or_leave() {
    std::thread before;
    {
        std::lock_guard const lock(mutex);
        auto const self = running.find(std::this_thread::get_id());
        if (--leaving == 0) left.notify_all();
        if (job* const work = waiting.front()) return self->second.task = waiting.take(*work, 1);
        before = std::exchange(last_to_leave, std::move(self->second.thread));
        running.erase(self);
        left.notify_all();
    }
    if (before.joinable()) before.join();
    return {};
}

thread_per_task::thread_per_task(threads_options options) : state_(new state(std::move(options))) {}

thread_per_task::~thread_per_task() {
    stop();
    detail::wait_and_tell([this](auto deadline) { return state_->unfinished.wait_for_none(deadline); },
                          [this] { return state_->unended_bodies(); }, state_->log);
    std::unique_lock lock(state_->mutex);
    state_->left.wait(lock, [this] { return state_->running.empty(); });
    if (state_->last_to_leave.joinable()) state_->last_to_leave.join();
}

/// The bodies that have not ended.
std::vector<detail::unended_body> thread_per_task::state::unended_bodies() {
    std::lock_guard const lock(mutex);
    std::vector<detail::unended_body> bodies;
    for (auto const& [id, each] : running) {
        job const* const runs = each.helped ? each.helped->work : each.task.work;
        if (runs) bodies.push_back({worker_of(each.task), runs->body_name()});
    }
    return bodies;
}

void thread_per_task::start(job& work) {
    state_->see_off_the_leaving();
    state_->unfinished.add();
    std::size_t index = 0;
    try {
        for (; index < work.size(); ++index)
            state_->begin({&work, index, index + 1});
    } catch (std::system_error const& refused) {
        if (state_->leave_waiting(work, index)) return;
        if (index == 0) {
            state_->unfinished.remove();
            throw;
        }
        state_->fail_rest(work, index, refused.what());
    }
}

/// Queues the tasks from `first` on for threads that run. False if none runs, so that nobody would take them.
bool thread_per_task::state::leave_waiting(job& work, std::size_t first) {
    std::lock_guard const lock(mutex);
    if (running.empty()) return false;
    waiting.push(work);
    work.hook.next = first;
    return true;
}

void thread_per_task::state::fail_rest(job& work, std::size_t first, std::string const& why) {
    for (std::size_t index = first; index < work.size(); ++index)
        work.fail({.index = index, .message = why});
    unfinished.note_end(work, work.size() - first);
}

void thread_per_task::stop() noexcept {
    auto const cancel = [this](claim const& unbegun) { state_->unfinished.cancel(unbegun); };
    detail::stop_jobs(state_->mutex, state_->waiting, cancel, [this](auto&& stop) {
        for (auto const& [id, each] : state_->running) {
            if (each.task) stop(*each.task.work);
            for (state::helping const* help = each.helped; help; help = help->outer)
                stop(*help->work);
        }
    });
}

void thread_per_task::join() noexcept {
    state_->unfinished.wait_for_none();
}

void thread_per_task::state::stopped(job& work) noexcept {
    claim unbegun;
    {
        std::lock_guard const lock(mutex);
        unbegun = waiting.take_rest(work);
    }
    unfinished.cancel(unbegun);
}

/// A body on this thread waits for `work`. Runs those of its tasks that got no thread: they might wait for
/// this very thread to end.
void thread_per_task::state::help(job& work) {
    if (detail::this_pool_thread.pool != this) return;
    auto& me = *static_cast<runner*>(detail::this_pool_thread.own);
    detail::scope_switch const outside(nullptr);
    helping self{&work, nullptr};
    for (;;) {
        claim task;
        helping** here = nullptr;
        {
            std::lock_guard const lock(mutex);
            if (!work.hook.queued) return;
            task = waiting.take(work, 1);
            here = &me.helped;
            self.outer = std::exchange(*here, &self);
        }
        run_here(task);
        {
            std::lock_guard const lock(mutex);
            *here = self.outer;
        }
        if (unfinished.note_end(work, 1)) return;
    }
}

job_driver& thread_per_task::driver() noexcept {
    return *state_;
}

std::size_t thread_per_task::concurrency() const noexcept {
    return std::numeric_limits<std::size_t>::max();
}

}  // namespace quartet::inline v0
