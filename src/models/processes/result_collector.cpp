// src/models/processes/result_collector.cpp
//
// How the results of a call come home. Its tasks end in other processes, and the last of them sets an event
// in shared memory: who waits for the call waits for that, and collects the results. A call that is watched,
// since nobody waits or something is to go on when it has ended, is collected by the supervisor; then only
// the call's own event tells of its end.

#include "src/models/processes/process_host.hpp"

#include <atomic>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {

void process_host::collect(job& work) noexcept {
    std::optional<ended_call> mine;
    {
        std::lock_guard const lock(mutex_);
        mine = claim(work);
    }
    if (mine) finish(*mine);
}

/// Under the lock: the outcomes of the call are the claimer's to take. Nothing if another has claimed them.
std::optional<process_host::ended_call> process_host::claim(job& work) noexcept {
    remote_batch* const batch = stops_.end(work);
    if (!batch) return std::nullopt;
    call const& of = *find(batch);
    ended_call const claimed{&work, batch, of.offered_to};
    strike_off(of);
    ++in_use_;
    return claimed;
}

/// Not under the lock.
void process_host::finish(ended_call const& mine) noexcept {
    logs_.deliver();
    mine.work->crossing()->collect(*mine.batch);
    collect_failures(*mine.batch, options_.name, *mine.work);
    {
        std::lock_guard const lock(mutex_);
        --in_use_;
        ended_.push_back({mine.batch, mine.offered_to});
        free_untouched();
    }
    mine.work->finish();
}

/// Under the lock. Most batches are untouched by the time that the next call ends. Those that are not go
/// behind the others, so that a few that are kept for long keep no others.
void process_host::free_untouched() noexcept {
    constexpr std::size_t most_kept = 4;  // a call looks at no more of them
    for (std::size_t left = ended_.size(), kept = 0; left > 0 && kept < most_kept; --left) {
        waiting_batch const each = ended_.front();
        ended_.pop_front();
        if (untouched(*each.batch, each.offered_to)) {
            shared_arena::give_back_all(memory_.batches(), each.batch->blocks);
        } else {
            ended_.push_back(each);
            ++kept;
        }
    }
    if (calls_.empty() && ended_.empty() && in_use_ == 0) memory_.batches().reset();
}

/// From now on nobody else may collect it, so that its event in shared memory is nobody's to wait for.
void process_host::watch(job& work) noexcept {
    std::lock_guard const lock(mutex_);
    auto* const batch = work.remote;
    if (!batch) return;
    work.end_here();
    watched_.push_back(batch);
    batch->watched.store(1);
    if (batch->end.is_set()) wake_supervisor();
}

void process_host::collect_watched() {
    std::vector<ended_call> ended;
    {
        std::lock_guard const lock(mutex_);
        std::erase_if(watched_, [&](remote_batch* batch) {
            call const* const of = find(batch);
            if (of && !batch->end.is_set()) return false;
            if (of) ended.push_back(*claim(*of->work));
            return true;
        });
        collected_by_supervisor_ = ended.size();
    }
    if (ended.empty()) return;
    for (auto const& each : ended)
        finish(each);
    {
        std::lock_guard const lock(mutex_);
        collected_by_supervisor_ = 0;
    }
    pool_->batch_ended.notify();
}

void process_host::collect_all_results() noexcept {
    for (;;) {
        std::optional<ended_call> next;
        {
            std::lock_guard const lock(mutex_);
            watched_.clear();  // no longer the supervisor's business
            if (calls_.empty()) return;
            next = claim(*calls_.begin()->second.work);
        }
        if (next) finish(*next);
    }
}

}  // namespace quartet::inline v0::detail
