// src/models/process_pool.cpp
//
// The parent opens a batch, the workers take its tasks without asking, and the parent waits for three
// things: all workers are idle and nothing is left to take, a worker has ended, a log line came.
//
// When a worker ends, its slot still says which task it was running: that one fails. The rest of its chunk
// is given to the others. Between the moment a worker takes indices from the counter and the moment its
// slot says so there is a gap of a few instructions; tasks that are lost in it are found when all workers
// are idle and some task is still waiting.

#include "src/models/process_pool.hpp"

#include "src/core/describe_end.hpp"
#include "src/core/futex.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace quartet::detail {

process_pool::process_pool(std::size_t count, log_handler log)
    : process_host(count, std::move(log)), count_(count) {
    if (count == 0) throw std::invalid_argument("quartet: the model 'processes' needs at least one worker");
    pool().workers = count;
    start();
}

std::string process_pool::spec() const {
    return fmt::format("processes:{}", count_);
}

void process_pool::start() {
    spawning_.clear();
    start_zygote([shared = &pool()](std::size_t number) { serve_pool(*shared, number); });
    replace_missing();
    while (alive().size() < count_) {
        wait_for_events();
        while (auto const happened = next_event()) {
            if (happened->what == zygote::event::kind::refused)
                throw std::system_error(happened->status, std::generic_category(),
                                        "cannot fork a worker process");
            if (happened->what != zygote::event::kind::spawned)
                throw std::runtime_error("quartet: a worker process ended before it was used");
            spawning_.erase(happened->number);
        }
    }
}

void process_pool::replace_missing() {
    for (std::size_t number = 0; number < count_; ++number) {
        if (!alive().contains(static_cast<std::uint32_t>(number)) && !spawning_.contains(number))
            spawn(number);
    }
}

void process_pool::spawn(std::size_t number) {
    reset_slot(number);
    spawning_.insert(number);
    forker().spawn(number);
}

void process_pool::run_batch(job& work) {
    replace_missing();
    fruitless_deaths_ = 0;
    gave_up_.reset();
    open_batch();
    do {
        wait_for_events();
        while (auto const happened = next_event())
            on_event(*happened, work);
        put_returned();
    } while (!(all_taken(work.size()) && all_idle() && (gave_up_ || !give_back_lost_tasks())));
    close_batch();
    if (gave_up_) fail_waiting(work, *gave_up_);
}

void process_pool::open_batch() {
    for (std::size_t number = 0; number < count_; ++number) {
        auto& remote = pool().slots[number].remote;
        remote.current.store(worker_slot::nothing, std::memory_order_relaxed);
        remote.spare = nullptr;
        remote.spare_bytes = 0;
    }
    forget_returned();
    pool().next.store(0, std::memory_order_relaxed);
    pool().open.store(1, std::memory_order_seq_cst);
    wake_workers();
}

// A worker may just now be looking whether there is more to take. It finds nothing and goes idle, and
// then nobody touches the batch any more.
void process_pool::close_batch() {
    pool().open.store(0, std::memory_order_seq_cst);
    while (!all_idle() || (forker().kills_unanswered() && !lost())) {
        wait_for_events();
        take_idle_events();
    }
}

void process_pool::take_idle_events() {
    while (auto const happened = next_event()) {
        if (happened->what != zygote::event::kind::killed) spawning_.erase(happened->number);
        if (happened->what == zygote::event::kind::ended) reset_slot(happened->number);
    }
}

void process_pool::on_event(zygote::event const& happened, job& work) {
    using kind = zygote::event::kind;
    if (happened.what != kind::killed) spawning_.erase(happened.number);
    switch (happened.what) {
        case kind::spawned:
            return;
        case kind::ended:
            return on_death(happened, work);
        case kind::refused:
            // The others do its work, if there are any.
            if (alive().empty() && spawning_.empty())
                give_up(fmt::format("no worker process could be forked: {}", std::strerror(happened.status)));
            return;
        case kind::killed:
            return;
        case kind::gone:
            return give_up(zygote_lost);
    }
}

void process_pool::on_death(zygote::event const& end, job& work) {
    auto& slot = pool().slots[end.number];
    std::size_t const running = slot.remote.current.load(std::memory_order_relaxed);
    index_range const chunk = slot.chunk.load(std::memory_order_relaxed);
    fruitless_deaths_ = running == worker_slot::nothing ? fruitless_deaths_ + 1 : 0;
    if (running != worker_slot::nothing && state_of(running) == task_state::waiting)
        fail_running(work, running, end);
    std::uint32_t next = chunk.first;
    while (next < chunk.last && state_of(next) != task_state::waiting)
        ++next;
    reset_slot(end.number);
    if (gave_up_) return;
    if (next < chunk.last) returned_.push_back({next, chunk.last});
    // Workers that end before they begin anything would be replaced for ever.
    if (fruitless_deaths_ > 10 + 2 * count_)
        return give_up(fmt::format("worker processes keep ending before they run a task; the last one {}",
                                   describe_end(end.status)));
    spawn(end.number);
}

/// Takes away what nobody has begun. Workers may still be at what they have, so what is left fails later.
void process_pool::give_up(std::string why) {
    pool().next.store(pool().batch->count, std::memory_order_relaxed);
    forget_returned();
    gave_up_ = std::move(why);
}

void process_pool::forget_returned() {
    for (auto& place : pool().returned)
        place.store({}, std::memory_order_relaxed);
    pool().returned_count.store(0, std::memory_order_relaxed);
    returned_.clear();
}

// returned_count won't do: a worker that dies between taking a range and counting it leaves it too high.
bool process_pool::all_taken(std::size_t count) const {
    bool const none_returned = std::ranges::all_of(
        pool().returned, [](auto const& place) { return place.load(std::memory_order_relaxed).empty(); });
    return none_returned && returned_.empty() && pool().next.load(std::memory_order_relaxed) >= count;
}

bool process_pool::all_idle() const {
    for (std::size_t number = 0; number < pool().slot_count; ++number) {
        if (pool().slots[number].busy.load(std::memory_order_seq_cst) != 0) return false;
    }
    return true;
}

/// All workers are idle: gives back the tasks that are still waiting. True if there were any.
bool process_pool::give_back_lost_tasks() {
    auto const count = static_cast<std::uint32_t>(pool().batch->count);
    for (std::uint32_t first = 0; first < count;) {
        std::uint32_t last = first;
        while (last < count && state_of(last) == task_state::waiting)
            ++last;
        if (last > first) returned_.push_back({first, last});
        first = last + 1;
    }
    bool const any = !returned_.empty();
    put_returned();
    return any;
}

void process_pool::put_returned() {
    if (returned_.empty()) return;
    for (auto& place : pool().returned) {
        if (returned_.empty()) break;
        if (!place.load(std::memory_order_relaxed).empty()) continue;
        pool().returned_count.fetch_add(1, std::memory_order_relaxed);
        place.store(returned_.front(), std::memory_order_release);
        returned_.pop_front();
    }
    wake_workers();
}

void process_pool::wake_workers() {
    pool().generation.fetch_add(1, std::memory_order_release);
    futex_wake_all(pool().generation);
}

}  // namespace quartet::detail
