// src/models/threads.cpp
//
// The threads share one queue of jobs. A thread takes a chunk of the first job's tasks under the queue's
// lock, runs it, and takes the next chunk before it tells the job that the last one has ended: so that the
// lock is taken once a chunk, and the job that a thread is at can't finish while the lock is held.

#include "src/io/context/blocking_context.hpp"
#include "src/io/context/logging.hpp"
#include "src/models/chunk_sizer.hpp"
#include "src/models/executor_end.hpp"
#include "src/models/initializing.hpp"
#include "src/models/job_count.hpp"
#include "src/models/job_queue.hpp"
#include "src/models/naming.hpp"
#include "src/models/shared_calls.hpp"
#include "src/models/stop_jobs.hpp"

#include <quartet/backend/threads.hpp>
#include <quartet/cpus.hpp>
#include <quartet/detail/io/pool_thread.hpp>

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace quartet::inline v0 {
namespace {

using detail::blocking_context;
using detail::chunk_sizer;
using detail::claim;

worker_info thread_worker(std::string const& name, std::size_t number) {
    return {.name = fmt::format("{}-{}", name, number), .number = number, .process_id = getpid()};
}

/// How a thread sizes the chunks of the job that it takes from.
class job_sizer {
public:
    explicit job_sizer(std::size_t workers) noexcept : workers_(workers), sizer_(workers) {}

    std::size_t next(job const& work) noexcept {
        std::size_t const left = work.size() - work.hook.next;
        if (left == 1) return 1;
        if (work.chunk_size() > 0) return work.chunk_size();
        if (&work != of_ || work.hook.next == 0) {
            of_ = &work;
            sizer_ = chunk_sizer(workers_);
        }
        return sizer_.next(left);
    }

    void run(claim const& chunk, context& ctx) {
        if (chunk.work != of_) return chunk.work->run(ctx, chunk.first, chunk.last);
        auto const began = chunk_sizer::clock::now();
        chunk.work->run(ctx, chunk.first, chunk.last);
        sizer_.took(chunk.size(), chunk_sizer::clock::now() - began);
    }

private:
    std::size_t workers_;
    chunk_sizer sizer_;
    job const* of_ = nullptr;
};

}  // namespace

struct threads::state final : job_driver {
    /// A job that a body waits for runs on the body's thread.
    struct helping {
        job* work;
        helping* outer;
    };

    explicit state(threads_options chosen)
        : options(std::move(chosen)),
          current(options.count),
          helped(options.count),
          calls(options.count, [this] { wake_for_call(); }) {}
    ~state() override { end_threads(); }

    void start_threads();
    void end_threads() noexcept;
    void serve(std::size_t number);
    claim take(std::size_t number, job_sizer& sizer);
    claim wait_and_take(std::size_t number, job_sizer& sizer, blocking_context& ctx);
    void sleep(std::unique_lock<std::mutex>& lock);
    void wake_for_call();
    claim take_locked(std::size_t number, job_sizer& sizer);
    bool wants_another();
    std::vector<detail::unended_body> unended_bodies();
    void stopped(job& work) noexcept override;
    void help(job& work) override;

    threads_options options;
    std::mutex mutex;                 // guards what follows
    std::condition_variable changed;  // there is something in the queue, or the pool ends
    detail::job_queue queue;
    std::vector<job*> current;     // what each thread is at
    std::vector<helping*> helped;  // what bodies on it wait for and run meanwhile
    bool waking = false;           // a thread was woken that has not taken anything yet; it wakes the next
    bool ending = false;

    detail::shared_calls calls;  // that bodies make of their context
    detail::job_count unfinished;
    detail::initialization initialized{options.initialize};
    std::vector<std::thread> pool;
};

void threads::state::start_threads() {
    pool.reserve(options.count);
    std::size_t const share = detail::one_share(cpu_share(), options.count);
    for (std::size_t number = 0; number < options.count; ++number) {
        pool.emplace_back([this, number, share] {
            detail::set_thread_cpu_share(share);
            serve(number);
        });
    }
    initialized.wait_for(options.count);
}

void threads::state::end_threads() noexcept {
    {
        std::lock_guard const lock(mutex);
        ending = true;
    }
    changed.notify_all();
    for (auto& thread : pool)
        thread.join();
}

void threads::state::serve(std::size_t number) {
    detail::this_pool_thread = {.pool = this, .number = number};
    if (!initialized.run(fmt::format("{}-{}", options.name, number))) return;
    std::atomic<std::uint32_t> const no_stop{0};
    blocking_context ctx(thread_worker(options.name, number), no_stop, detail::log_to(options.log), {});
    ctx.share_calls_by(calls.of(number));
    job_sizer sizer(options.count);
    for (claim doing = wait_and_take(number, sizer, ctx); doing;) {
        ctx.follow(doing.work->stop(), detail::body_name_of(*doing.work));
        sizer.run(doing, ctx);
        claim const next = take(number, sizer);
        unfinished.note_end(*doing.work, doing.size());
        doing = next ? next : wait_and_take(number, sizer, ctx);
    }
}

claim threads::state::take(std::size_t number, job_sizer& sizer) {
    std::lock_guard const lock(mutex);
    return take_locked(number, sizer);
}

/// Nothing when the pool ends. Until there is a job, calls that bodies of other threads make.
claim threads::state::wait_and_take(std::size_t number, job_sizer& sizer, blocking_context& ctx) {
    std::unique_lock lock(mutex);
    while (queue.empty() && !ending) {
        lock.unlock();
        bool const ran = calls.run_any(number, ctx);
        lock.lock();
        if (!ran && queue.empty() && !ending) sleep(lock);
    }
    claim const taken = take_locked(number, sizer);
    bool const another = wants_another();
    lock.unlock();
    if (another)
        changed.notify_one();
    else if (taken && calls.has_any())
        calls.wake_another();
    return taken;
}

/// Until there may be something to do.
void threads::state::sleep(std::unique_lock<std::mutex>& lock) {
    calls.falls_asleep();
    if (!calls.has_any()) changed.wait(lock);
    calls.is_awake();
    waking = false;
}

/// A body has made a call while a thread is asleep: that has the lock from its last look until it sleeps.
void threads::state::wake_for_call() {
    { std::lock_guard const lock(mutex); }
    changed.notify_one();
}

/// Whether to wake a thread for what is in the queue: one at a time, since waking is dear, and one that runs
/// may be quicker.
bool threads::state::wants_another() {
    if (queue.empty() || calls.asleep() == 0 || waking) return false;
    waking = true;
    return true;
}

claim threads::state::take_locked(std::size_t number, job_sizer& sizer) {
    current[number] = queue.front();
    if (queue.empty()) return {};
    return queue.take(*current[number], sizer.next(*current[number]));
}

/// The bodies that have not ended.
std::vector<detail::unended_body> threads::state::unended_bodies() {
    std::lock_guard const lock(mutex);
    std::vector<detail::unended_body> bodies;
    for (std::size_t number = 0; number < current.size(); ++number) {
        job const* const runs = helped[number] ? helped[number]->work : current[number];
        if (runs) bodies.push_back({thread_worker(options.name, number), runs->body_name()});
    }
    return bodies;
}

threads::threads(threads_options options) {
    if (options.count == 0)
        throw std::invalid_argument("quartet: the model 'threads' needs at least one thread");
    state_ = std::make_unique<state>(std::move(options));
    state_->start_threads();
}

threads::~threads() {
    stop();
    detail::wait_and_tell([this](auto deadline) { return state_->unfinished.wait_for_none(deadline); },
                          [this] { return state_->unended_bodies(); }, state_->options.log);
}

void threads::start(job& work) {
    state_->unfinished.add();
    {
        std::lock_guard const lock(state_->mutex);
        state_->queue.push(work);
        if (!state_->wants_another()) return;
    }
    state_->changed.notify_one();
}

void threads::stop() noexcept {
    auto const cancel = [this](claim const& unbegun) { state_->unfinished.cancel(unbegun); };
    detail::stop_jobs(state_->mutex, state_->queue, cancel, [this](auto&& stop) {
        for (job* each : state_->current) {
            if (each) stop(*each);
        }
        for (state::helping const* each : state_->helped) {
            for (; each; each = each->outer)
                stop(*each->work);
        }
    });
}

void threads::join() noexcept {
    state_->unfinished.wait_for_none();
}

void threads::state::stopped(job& work) noexcept {
    claim unbegun;
    {
        std::lock_guard const lock(mutex);
        unbegun = queue.take_rest(work);
    }
    unfinished.cancel(unbegun);
}

void threads::state::help(job& work) {
    if (detail::this_pool_thread.pool != this) return;
    std::size_t const my_number = detail::this_pool_thread.number;
    detail::scope_switch const outside(nullptr);
    blocking_context ctx(thread_worker(options.name, my_number), work.stop(), detail::log_to(options.log),
                         detail::body_name_of(work));
    ctx.share_calls_by(calls.of(my_number));
    job_sizer sizer(options.count);
    helping*& here = helped[my_number];
    helping self{&work, here};
    for (;;) {
        claim chunk;
        {
            std::lock_guard const lock(mutex);
            if (!work.hook.queued) return;
            chunk = queue.take(work, sizer.next(work));
            here = &self;
        }
        sizer.run(chunk, ctx);
        {
            std::lock_guard const lock(mutex);
            here = self.outer;
        }
        if (unfinished.note_end(work, chunk.size())) return;
    }
}

job_driver& threads::driver() noexcept {
    return *state_;
}

std::size_t threads::concurrency() const noexcept {
    return state_->options.count;
}

std::string threads::spec() const {
    return fmt::format("threads:{}", state_->options.count);
}

}  // namespace quartet::inline v0
