#include "src/models/processes/result_collector.hpp"

#include <quartet/detail/call/crossing.hpp>

#include <new>

namespace quartet::inline v0::detail {

void result_collector::collect(job& work) noexcept {
    std::optional<claimed_call> mine;
    {
        std::lock_guard const lock(with_.mutex);
        mine = claim(work);
    }
    if (mine) finish(*mine);
}

/// Under the lock: the outcomes of the call are the claimer's to take. Nothing if another has claimed them.
std::optional<result_collector::claimed_call> result_collector::claim(job& work) noexcept {
    remote_batch* const batch = with_.stops.end(work);
    if (!batch) return std::nullopt;
    open_call const& call = *with_.calls.find(batch);
    claimed_call const claimed{&work, batch, call.offered_to};
    with_.calls.remove(call);
    return claimed;
}

/// Not under the lock.
void result_collector::finish(claimed_call const& mine) noexcept {
    with_.logs.deliver();
    mine.work->crossing()->collect(*mine.batch);
    collect_failures(*mine.batch, with_.pool_name, *mine.work);
    {
        std::lock_guard const lock(with_.mutex);
        with_.batches.end(*mine.batch, mine.offered_to);
    }
    mine.work->finish();
}

// The batch may be freed by others as soon as it has ended, so values are copied under the lock: some at a
// time, for the lock is wanted.
void result_collector::give_early(job& work, early_values& to) noexcept {
    std::vector<early_value> some;
    std::size_t next = 0;
    for (bool more = true; more; some.clear()) {
        try {
            more = copy_early(work, to, some, next);
        } catch (std::bad_alloc const&) {
            more = false;  // they are given when the call has ended
        }
        for (auto const& each : some)
            to.take(each.index, each.bytes);
    }
}

/// From task `next` on; false if there are no more. Throws std::bad_alloc; what is in `into` is to be given.
bool result_collector::copy_early(job const& work, early_values& to, std::vector<early_value>& into,
                                  std::size_t& next) {
    constexpr std::size_t most_bytes = std::size_t{1} << 20;
    std::lock_guard const lock(with_.mutex);
    remote_batch const* const batch = work.remote;
    if (!batch) return false;
    to.given().resize(batch->count);
    for (std::size_t bytes = 0; next < batch->count; ++next) {
        if (to.given()[next] || batch->tasks[next].state() != task_state::done) continue;
        if (bytes > most_bytes) return true;
        auto const value = result_bytes(*batch, next, to.value_size());
        into.push_back({next, {value.begin(), value.end()}});
        to.given()[next] = true;
        bytes += value.size() + sizeof(early_value);
    }
    return false;
}

void result_collector::watch(job& work) noexcept {
    std::lock_guard const lock(with_.mutex);
    auto* const batch = work.remote;
    if (!batch) return;
    work.end_here();
    watched_.push_back(batch);
    batch->watched.store(1);
    if (batch->end.is_set()) with_.supervisor.wake();
}

void result_collector::collect_watched() {
    std::vector<claimed_call> ended;
    {
        std::lock_guard const lock(with_.mutex);
        std::erase_if(watched_, [&](remote_batch* batch) {
            open_call const* const call = with_.calls.find(batch);
            if (call && !batch->end.is_set()) return false;
            if (call) ended.push_back(*claim(*call->work));
            return true;
        });
        finishing_ = ended.size();
    }
    if (ended.empty()) return;
    for (auto const& each : ended)
        finish(each);
    {
        std::lock_guard const lock(with_.mutex);
        finishing_ = 0;
    }
    with_.batch_ended.notify();
}

void result_collector::collect_all() noexcept {
    for (;;) {
        std::optional<claimed_call> next;
        {
            std::lock_guard const lock(with_.mutex);
            watched_.clear();  // no longer the supervisor's business
            if (with_.calls.empty()) return;
            next = claim(*with_.calls.begin()->second.work);
        }
        if (next) finish(*next);
    }
}

}  // namespace quartet::inline v0::detail
