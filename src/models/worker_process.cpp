#include "src/models/worker_process.hpp"

#include "src/core/futex.hpp"
#include "src/io/blocking_context.hpp"
#include "src/models/chunk_sizer.hpp"
#include "src/models/worker_log.hpp"

#include <quartet/cpus.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stop_token>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

namespace quartet::detail {
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
          where_({.name = fmt::format("processes-{}", slot.remote.number),
                  .number = slot.remote.number,
                  .process_id = getpid()},
                 no_stop_, log_to_parent(pool.log_socket), [this] { return stop_token(); }) {
        slot.process.store(getpid());
    }

    /// Runs all that is offered.
    void work() {
        while (auto const chunk = take()) {
            auto const began = chunk_sizer::clock::now();
            run(*chunk);
            sizer_.took(chunk->last - chunk->first, chunk_sizer::clock::now() - began);
            if (pool_.recycle_after > 0 && ran_ >= pool_.recycle_after) retire();
        }
        slot_.batch.store(nullptr);
    }

    void sleep() {
        std::uint32_t const seen = slot_.calls.load();
        slot_.asleep.store(worker_slot::wants_calls);
        if (!pool_.ring.look()) futex_wait(slot_.calls, seen);
        slot_.asleep.store(0, std::memory_order_relaxed);
    }

    /// Runs tasks of the batch that the slot names.
    void run(index_range tasks) {
        remote_batch& batch = *slot_.batch.load(std::memory_order_relaxed);
        remote_hands hands{batch, slot_.remote, {*batch.heap, batch.blocks}};
        where_.follow(batch.stop);
        std::size_t const ended = batch.run(where_, hands, tasks.first, tasks.last);
        stop_.reset();
        where_.follow(no_stop_);
        ran_ += ended;
        bool const last = ended > 0 && batch.left.fetch_sub(ended) == ended;
        slot_.chunk.store({});
        if (last) {
            tell_end(pool_, batch);
        } else if (batch.shaken.load()) {
            eventfd_write(pool_.changed_event, 1);
        }
    }

private:
    std::optional<index_range> take() {
        while (auto const offer = pool_.ring.look()) {
            if (offer->batch != slot_.batch.load(std::memory_order_relaxed)) {
                sizer_ = chunk_sizer(pool_.workers);
                slot_.batch.store(offer->batch);
            }
            auto const left = offer->tasks.last - offer->tasks.first;
            auto const size = offer->batch->chunk_size;
            std::size_t const best = size ? std::min<std::size_t>(size, left) : sizer_.next(left);
            auto const wanted = static_cast<std::uint32_t>(std::min(best, room()));
            index_range const chunk{offer->tasks.first, offer->tasks.first + wanted};
            slot_.chunk.store(chunk);
            if (!pool_.ring.take(*offer, wanted)) continue;
            if (pool_.overflown.load(std::memory_order_relaxed) && pool_.ring.half_empty())
                eventfd_write(pool_.changed_event, 1);
            return chunk;
        }
        slot_.chunk.store({});
        return std::nullopt;
    }

    /// How many tasks it may still run.
    std::size_t room() const noexcept {
        return pool_.recycle_after == 0 ? static_cast<std::size_t>(-1) : pool_.recycle_after - ran_;
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
    blocking_context where_;
    chunk_sizer sizer_{1};
    std::size_t ran_ = 0;
};

}  // namespace

void tell_end(pool_state& pool, remote_batch& batch) noexcept {
    batch.end.set();
    pool.chime.ring();
    if (batch.watched.load()) eventfd_write(batch.changed_event, 1);
}

void call_worker(worker_slot& slot) noexcept {
    slot.calls.fetch_add(1);
    futex_wake_all(slot.calls);
}

void serve_pool(pool_state& pool, worker_slot& slot) {
    set_process_cpu_share(one_share(pool.cpu_share, pool.workers));
    worker self(pool, slot);
    for (;;) {
        self.work();
        self.sleep();
    }
}

void serve_one(pool_state& pool, worker_slot& slot) {
    remote_batch const& batch = *slot.batch.load(std::memory_order_relaxed);
    set_process_cpu_share(one_share(pool.cpu_share, batch.count));
    worker self(pool, slot);
    self.run(slot.chunk.load(std::memory_order_relaxed));
}

}  // namespace quartet::detail
