#include "src/models/processes/worker_process.hpp"

#include "src/base/futex.hpp"
#include "src/base/output.hpp"
#include "src/io/context/blocking_context.hpp"
#include "src/models/chunk_sizer.hpp"
#include "src/models/initializing.hpp"
#include "src/models/processes/worker_calls.hpp"
#include "src/models/processes/worker_log.hpp"

#include <quartet/cpus.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <optional>
#include <stop_token>
#include <thread>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

/// Makes a std::stop_token of a word in shared memory, by a thread that waits for it to change. Only for
/// bodies that ask.
class stop_watch {
public:
    explicit stop_watch(std::atomic<std::uint32_t> const& word) : word_(word), waiter_([this] { wait(); }) {}

    ~stop_watch() {
        over_ = true;
        while (!ended_) {  // a wake may come before the wait
            futex_wake_all(word_);
            std::this_thread::yield();
        }
        waiter_.join();
    }

    std::stop_token token() const { return source_.get_token(); }

private:
    void wait() {
        while (!over_ && word_.load() == 0)
            futex_wait(word_, 0);
        if (!over_) source_.request_stop();
        ended_ = true;
    }

    std::atomic<std::uint32_t> const& word_;
    std::stop_source source_;
    std::atomic<bool> over_ = false;
    std::atomic<bool> ended_ = false;
    std::thread waiter_;  // last: it uses the others
};

class worker {
public:
    worker(pool_state& pool, worker_slot& slot)
        : pool_(pool),
          slot_(slot),
          ctx_({.name = worker_name(pool, slot.remote.number),
                .number = slot.remote.number,
                .process_id = getpid()},
               no_stop_, log_to_parent(pool.log_socket), [this] { return stop_token(); }) {
        slot.process.store(getpid());
    }

    /// From now on it runs calls that bodies of the pool's other workers make, and those run its own.
    void share_calls() {
        if (pool_.workers < 2 || pool_.workers > most_sharing) return;
        calls_.emplace(pool_, slot_);
        ctx_.share_calls_by(*calls_);
    }

    /// Runs all that is offered.
    void work() {
        while (auto const taken = take()) {
            auto const began = chunk_sizer::clock::now();
            run(taken->tasks);
            sizer_.took(taken->tasks.last - taken->tasks.first, chunk_sizer::clock::now() - began);
            if (retires()) retire();
        }
        sized_for_ = nullptr;
    }

    /// Runs a call that a body of another worker has made; false if there is none.
    bool help() {
        auto const taken = calls_ ? calls_->take() : std::nullopt;
        if (!taken) return false;
        ctx_.follow(slot_.batch.load(std::memory_order_relaxed)->stop);
        calls_->run(*taken, ctx_);
        stop_.reset();
        ctx_.follow(no_stop_);
        calls_->end(*taken);
        slot_.batch.store(nullptr);
        return true;
    }

    void sleep() {
        std::uint32_t const seen = slot_.calls.load();
        slot_.asleep.store(worker_slot::wants_calls);
        if (pool_.may_sleep.load() == 0) pool_.may_sleep.store(1);
        if (!pool_.ring.look() && !(calls_ && calls_->any_on_offer())) futex_wait(slot_.calls, seen);
        slot_.asleep.store(0, std::memory_order_relaxed);
    }

    /// Runs tasks of the batch that the slot names.
    void run(index_range tasks) {
        remote_batch& batch = *slot_.batch.load(std::memory_order_relaxed);
        worker_interface interface {
            batch, slot_.remote, { *batch.heap, batch.blocks }
        };
        ctx_.follow(batch.stop);
        if (calls_) calls_->begin_bodies();
        std::size_t const ended = batch.run(ctx_, interface, tasks.first, tasks.last);
        stop_.reset();
        ctx_.follow(no_stop_);
        ran_ += ended;
        count_ended(pool_, batch, ended);
        slot_.chunk.store({});
    }

private:
    static constexpr std::size_t most_sharing = 65'535;  // as call_word says

    std::optional<task_ring::offer> take() {
        return take_tasks(pool_, slot_, [this](remote_batch const& batch, std::size_t left) {
            if (&batch != std::exchange(sized_for_, &batch)) sizer_ = chunk_sizer(pool_.workers);
            std::size_t const best = batch.chunk_size ? std::min(batch.chunk_size, left) : sizer_.next(left);
            return std::min(best, room());
        });
    }

    /// How many tasks it may still run.
    std::size_t room() const noexcept {
        return pool_.recycle_after == 0 ? static_cast<std::size_t>(-1) : pool_.recycle_after - ran_;
    }

    bool retires() const noexcept {
        return (pool_.recycle_after > 0 && ran_ >= pool_.recycle_after) || parent_wake::lost;
    }

    [[noreturn]] void retire() {
        slot_.retired.store(1);
        slot_.batch.store(nullptr);
        _exit(0);
    }

    std::stop_token stop_token() {
        auto const& word = slot_.batch.load(std::memory_order_relaxed)->stop;
        if (!stop_) stop_.emplace(word);
        return stop_->token();
    }

    pool_state& pool_;
    worker_slot& slot_;
    std::atomic<std::uint32_t> const no_stop_{0};
    std::optional<stop_watch> stop_;  // of the chunk that runs
    blocking_context ctx_;
    std::optional<worker_calls> calls_;
    chunk_sizer sizer_{1};
    remote_batch const* sized_for_ = nullptr;
    std::size_t ran_ = 0;
};

}  // namespace

void reset_slot(worker_slot& slot, std::size_t number) noexcept {
    ::new (&slot) worker_slot{};
    slot.remote.number = number;
    slot.remote.current.store(remote_worker::nothing, std::memory_order_relaxed);
}

std::string worker_name(pool_state const& pool, std::size_t number) {
    return fmt::format("{}-{}", pool.name, number);
}

void initialize_worker(pool_state& pool, worker_slot& slot, std::function<void()> const& initialize) {
    if (!initialize) return;
    auto const refused = run_initialize(initialize, worker_name(pool, slot.remote.number));
    write_out_all();
    if (refused && pool.refused.claimed.exchange(1) == 0) {
        refused->copy(pool.refused.text, refusal::most - 1);
        pool.refused.told.store(1);
    }
    slot.ready.store(refused ? readiness::refused : readiness::ready);
    pool.wake_parent();
    if (refused) _exit(EXIT_FAILURE);
}

std::string why_refused(pool_state const& pool) {
    return pool.refused.told.load() ? pool.refused.text : "quartet: executor_options::initialize threw";
}

void tell_end(pool_state& pool, remote_batch& batch) noexcept {
    batch.end.set();
    pool.batch_ended.notify();
    if (batch.watched.load()) (*batch.wake_parent)();
}

void tell_of_room(pool_state& pool) noexcept {
    if (pool.overflown.load(std::memory_order_relaxed) && pool.ring.half_empty()) pool.wake_parent();
}

void count_ended(pool_state& pool, remote_batch& batch, std::size_t tasks) noexcept {
    write_out_all();
    if (tasks > 0 && batch.left.fetch_sub(tasks) == tasks) {
        tell_end(pool, batch);
    } else if (batch.needs_rescan.load()) {
        pool.wake_parent();
    }
}

void call_worker(worker_slot& slot) noexcept {
    slot.calls.fetch_add(1);
    futex_wake_all(slot.calls);
}

void serve_pool(pool_state& pool, worker_slot& slot) {
    set_process_cpu_share(one_share(pool.cpu_share, pool.workers));
    worker self(pool, slot);
    self.share_calls();
    for (;;) {
        self.work();
        if (!self.help()) self.sleep();
    }
}

void serve_one(pool_state& pool, worker_slot& slot) {
    remote_batch const& batch = *slot.batch.load(std::memory_order_relaxed);
    set_process_cpu_share(one_share(pool.cpu_share, batch.count));
    worker self(pool, slot);
    self.run(slot.chunk.load(std::memory_order_relaxed));
}

}  // namespace quartet::inline v0::detail
