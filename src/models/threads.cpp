// src/models/threads.cpp
//
// A pool whose threads sleep on a condition variable between runs. A run publishes a `batch` and wakes all
// threads; each takes chunks of indices from one atomic counter until none is left. The last thread to
// leave the batch wakes the caller, so the batch can stand on the caller's stack.

#include "src/core/run_stop.hpp"
#include "src/io/blocking_context.hpp"
#include "src/models/chunk_sizer.hpp"
#include "src/models/logging.hpp"

#include <quartet/cpus.hpp>
#include <quartet/models/threads.hpp>

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace quartet {
namespace {

using detail::blocking_context;
using detail::run_stop;

worker_info thread_worker(std::size_t number) {
    return {.name = fmt::format("threads-{}", number), .number = number, .process_id = getpid()};
}

}  // namespace

struct threads::state {
    struct batch {
        job& work;
        run_stop& stop;
        std::atomic<std::size_t> next{0};  // the first index not taken; relaxed: it orders nothing else
    };

    explicit state(log_handler handler) : log(std::move(handler)) {}
    ~state() { end_threads(); }

    void start_threads(std::size_t count);
    void end_threads() noexcept;
    void serve(std::size_t number);
    void work_on(batch& current, std::size_t number);

    log_handler log;
    std::mutex mutex;
    std::condition_variable changed;   // a batch was published, or the pool ends
    std::condition_variable finished;  // all threads have left the batch
    batch* current = nullptr;
    std::size_t batch_number = 0;
    std::size_t inside = 0;  // threads that have not left the current batch
    bool ending = false;
    std::vector<std::thread> pool;
};

void threads::state::start_threads(std::size_t count) {
    pool.reserve(count);
    std::size_t const share = detail::one_share(cpu_share(), count);
    for (std::size_t number = 0; number < count; ++number) {
        pool.emplace_back([this, number, share] {
            detail::set_thread_cpu_share(share);
            serve(number);
        });
    }
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
    std::size_t seen = 0;
    for (;;) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return ending || batch_number != seen; });
        if (ending) return;
        seen = batch_number;
        batch& mine = *current;
        lock.unlock();
        work_on(mine, number);
        lock.lock();
        if (--inside == 0) finished.notify_one();
    }
}

void threads::state::work_on(batch& mine, std::size_t number) {
    blocking_context where(thread_worker(number), mine.stop.word(),
                           {.log = detail::log_to(log), .stop_token = [&mine] { return mine.stop.token(); }});
    detail::chunk_sizer chunk(pool.size());
    std::size_t const count = mine.work.size();
    for (;;) {
        std::size_t const taken = mine.next.load(std::memory_order_relaxed);
        std::size_t const wanted = chunk.next(count - std::min(taken, count));
        std::size_t const first = mine.next.fetch_add(wanted, std::memory_order_relaxed);
        if (first >= count) return;
        std::size_t const last = std::min(first + wanted, count);
        auto const began = detail::chunk_sizer::clock::now();
        mine.work.run(where, first, last);
        chunk.took(last - first, detail::chunk_sizer::clock::now() - began);
    }
}

threads::threads(std::size_t count, log_handler log) : state_(std::make_unique<state>(std::move(log))) {
    if (count == 0) throw std::invalid_argument("quartet: the model 'threads' needs at least one thread");
    state_->start_threads(count);
}

threads::~threads() = default;

void threads::run(job& work, std::stop_token caller) {
    run_stop stop(caller);
    work.set_stop([&stop] { stop.request(); });
    state::batch batch{work, stop};
    std::unique_lock lock(state_->mutex);
    state_->current = &batch;
    state_->inside = state_->pool.size();
    ++state_->batch_number;
    state_->changed.notify_all();
    state_->finished.wait(lock, [this] { return state_->inside == 0; });
    state_->current = nullptr;
}

std::string threads::spec() const {
    return fmt::format("threads:{}", state_->pool.size());
}

thread_per_task::thread_per_task(log_handler log) : log_(std::move(log)), cpu_share_(cpu_share()) {}
thread_per_task::~thread_per_task() = default;

void thread_per_task::run(job& work, std::stop_token caller) {
    run_stop stop(caller);
    work.set_stop([&stop] { stop.request(); });
    std::size_t const share = detail::one_share(cpu_share_, work.size());
    auto const run_one = [&](std::size_t index) {
        detail::set_thread_cpu_share(share);
        blocking_context where(thread_worker(index), stop.word(),
                               {.log = detail::log_to(log_), .stop_token = [&stop] { return stop.token(); }});
        work.run(where, index, index + 1);
    };
    std::vector<std::thread> running;
    auto const join_all = [&] {
        for (auto& thread : running)
            thread.join();
        running.clear();
    };
    for (std::size_t index = 0; index < work.size();) {
        try {
            running.emplace_back(run_one, index);
            ++index;
        } catch (std::system_error const&) {
            if (running.empty()) throw;
            join_all();
        } catch (...) {
            join_all();
            throw;
        }
    }
    join_all();
}

}  // namespace quartet
