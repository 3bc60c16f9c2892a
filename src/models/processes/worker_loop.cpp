// src/models/processes/worker_loop.cpp
//
// A pool worker with an event loop, of processes:N+async:M. It takes tasks from the ring as long as it has
// room for them, a few at a time, and looks at its events in between.
//
// The loop sleeps in the kernel's poll, and can't wait there for a word in shared memory: a thread does that,
// and posts to the loop when the parent has offered something, or has stopped a call.

#include "src/base/futex.hpp"
#include "src/io/context/async_context.hpp"
#include "src/io/context/logging.hpp"
#include "src/io/loop/asio_loop.hpp"
#include "src/models/loop_watch.hpp"
#include "src/models/naming.hpp"
#include "src/models/processes/worker_log.hpp"
#include "src/models/processes/worker_process.hpp"
#include "src/models/running_bodies.hpp"

#include <quartet/cpus.hpp>

#include <algorithm>
#include <memory>
#include <thread>
#include <unistd.h>
#include <unordered_map>

namespace quartet::inline v0::detail {
namespace {

class loop_worker {
public:
    loop_worker(pool_state& pool, worker_slot& slot, processes_options const& options)
        : pool_(pool),
          slot_(slot),
          limit_(options.in_flight),
          worker_{.name = worker_name(pool, slot.remote.number),
                  .number = slot.remote.number,
                  .process_id = getpid()},
          log_(log_to_parent(pool.log_socket)),
          loop_(options.files, options.offload_threads),
          bodies_(
              [this](auto& ctx, job& work) {
                  ctx.emplace(worker_, loop_, work.stop(), log_, body_name_of(work));
                  ctx->leave_the_deaf();
                  ctx->follow(jobs_.at(&work)->interface.batch.stop);  // which a body sees while it computes
              },
              [this](job& work, std::size_t tasks) { note_end(work, tasks); },
              [this](job& work) { slot_.storing.store(&jobs_.at(&work)->interface.batch); }) {
        slot.process.store(getpid());
        std::thread([this, heard = slot.calls.load()] { listen(heard); }).detach();  // a worker ends by _exit
    }

    [[noreturn]] void run(std::chrono::nanoseconds stall_limit) {
        auto watch = watch_stalls(stall_limit, worker_, log_, &slot_.holder);
        current_stall_watch() = watch.get();
        for (;;) {
            follow_stops();
            bool const took = take();
            bodies_.collect_outcomes();
            if (took) {
                loop_.run_some([] { return false; });
            } else {
                sleep();
            }
            bodies_.collect_outcomes();
            if (retires() && bodies_.in_flight() == 0) retire();
        }
    }

private:
    /// A batch of which bodies are under way, or are about to begin.
    struct active_batch {
        explicit active_batch(remote_batch& batch, remote_worker& worker) : interface {
            batch, worker, { *batch.heap, batch.blocks }
        }, work(batch.make(interface)) {
        }
        worker_interface interface;
        std::unique_ptr<job> work;
        std::size_t open = 0;  // tasks that are under way
    };

    bool retires() const noexcept {
        return (pool_.recycle_after > 0 && ran_ >= pool_.recycle_after) || parent_wake::lost;
    }

    std::size_t room() const noexcept {
        if (parent_wake::lost) return 0;
        std::size_t const free = limit_ - std::min(limit_, bodies_.in_flight());
        return pool_.recycle_after == 0 ? free : std::min(free, pool_.recycle_after - ran_);
    }

    /// Takes some tasks and begins them; false if there are none, or no room.
    bool take() {
        if (room() == 0) return false;
        auto const taken = take_tasks(pool_, slot_, [this](remote_batch const& batch, std::size_t left) {
            constexpr std::size_t most = 64;
            std::size_t const fair = std::max<std::size_t>(1, left / (4 * pool_.workers));
            std::size_t const best =
                batch.chunk_size ? std::min(batch.chunk_size, left) : std::min(most, fair);
            return std::min(best, room());
        });
        if (taken) begin(*taken->batch, taken->tasks);
        return taken.has_value();
    }

    void begin(remote_batch& batch, index_range chunk) {
        active_batch& mine = batches_.try_emplace(&batch, batch, slot_.remote).first->second;
        jobs_[mine.work.get()] = &mine;
        if (batch.stop.load() != 0) mine.work->stop().request();
        ++mine.open;  // it stays until all of the chunk has begun
        for (std::uint32_t index = chunk.first; index < chunk.last; ++index) {
            if (!begin_task(batch, slot_.remote, index)) continue;
            ++ran_;
            ++mine.open;
            bodies_.begin({mine.work.get(), index, index + 1});
        }
        if (--mine.open == 0) forget(batch);
        slot_.chunk.store({});
        slot_.batch.store(nullptr);
    }

    void note_end(job& work, std::size_t tasks) {
        active_batch& mine = *jobs_.at(&work);
        remote_batch& batch = mine.interface.batch;
        mine.open -= tasks;
        if (mine.open == 0) forget(batch);
        count_ended(pool_, batch, tasks);
        slot_.storing.store(nullptr, std::memory_order_release);
    }

    void forget(remote_batch& batch) {
        auto const found = batches_.find(&batch);
        jobs_.erase(found->second.work.get());
        batches_.erase(found);
    }

    void follow_stops() {
        for (auto& [batch, mine] : batches_) {
            if (batch->stop.load() == 0 || !mine.work->stop().request()) continue;
            bodies_.cancel(mine.work.get());
        }
    }

    void sleep() {
        slot_.asleep.store(room() > 0 ? worker_slot::wants_calls : worker_slot::has_no_room);
        if (room() > 0 && pool_.ring.look()) {
            slot_.asleep.store(0);
            return;
        }
        loop_.run_some([] { return true; });
        slot_.asleep.store(0);
    }

    [[noreturn]] void listen(std::uint32_t heard) {
        for (;;) {
            futex_wait(slot_.calls, heard);
            std::uint32_t const now = slot_.calls.load();
            if (now != heard) loop_.post([] {});
            heard = now;
        }
    }

    [[noreturn]] void retire() {
        slot_.retired.store(1);
        _exit(0);
    }

    pool_state& pool_;
    worker_slot& slot_;
    std::size_t limit_;
    worker_info worker_;
    log_function log_;
    asio_loop loop_;
    running_bodies<async_context> bodies_;
    std::unordered_map<remote_batch*, active_batch> batches_;
    std::unordered_map<job*, active_batch*> jobs_;
    std::size_t ran_ = 0;
};

}  // namespace

void serve_loop(pool_state& pool, worker_slot& slot, processes_options const& options) {
    set_process_cpu_share(one_share(pool.cpu_share, pool.workers));
    loop_worker(pool, slot, options).run(options.stall_limit);
}

}  // namespace quartet::inline v0::detail
