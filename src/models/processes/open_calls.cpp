#include "src/models/processes/open_calls.hpp"

#include "src/models/take_back.hpp"

#include <algorithm>
#include <utility>

namespace quartet::inline v0::detail {

open_call& open_calls::add(job& work, remote_batch& batch) {
    open_call& made = calls_.try_emplace(&batch, open_call{&work, &batch}).first->second;
    if (work.has_task_limit()) {
        ++limited_;
        least_limit_ = std::min(least_limit_, work.task_limit());
    }
    easily_stopped_ += work.policy() == on_failure::stop_all;
    return made;
}

void open_calls::remove(open_call const& call) noexcept {
    if (call.work->has_task_limit() && --limited_ == 0) least_limit_ = std::chrono::nanoseconds::max();
    easily_stopped_ -= call.work->policy() == on_failure::stop_all;
    stopped_ -= call.stopped.has_value();
    to_rescan_ -= call.batch->needs_rescan.load(std::memory_order_relaxed);
    calls_.erase(call.batch);
}

open_call* open_calls::find(remote_batch* batch) noexcept {
    auto const found = calls_.find(batch);
    return found == calls_.end() ? nullptr : &found->second;
}

void open_calls::count_off(open_call& call, std::size_t tasks) noexcept {
    if (tasks > 0 && call.batch->left.fetch_sub(tasks) == tasks) tell_end(pool_, *call.batch);
}

void open_calls::fail_waiting(failure const& why) noexcept {
    for (auto& [batch, each] : calls_) {
        std::size_t failed = 0;
        for (std::size_t index = 0; index < batch->count; ++index) {
            if (!each.batch->tasks[index].end_waiting()) continue;
            failure own = why;
            own.index = index;
            each.work->fail(std::move(own));
            ++failed;
        }
        count_off(each, failed);
    }
}

std::size_t open_calls::take_back(open_call& call, std::size_t most,
                                  std::function<void(std::size_t)> const& each) {
    std::size_t const taken = take_back_waiting({call.batch->tasks, call.batch->count}, most, each);
    count_off(call, taken);
    return taken;
}

bool open_calls::follow_stop(open_call& call) noexcept {
    if (call.stopped || call.batch->stop.load() == 0) return false;
    call.stopped = std::chrono::steady_clock::now();
    ++stopped_;
    // A worker may have stopped it, after a failure; then no limit of the call's is to blame any more. Nobody
    // has a token of it: its bodies run elsewhere.
    static_cast<void>(call.work->stop().raise());
    std::size_t cancelled = 0;
    for (std::size_t index = 0; index < call.batch->count; ++index) {
        if (!call.batch->tasks[index].end_waiting()) continue;
        call.work->cancel(index, index + 1);
        ++cancelled;
    }
    count_off(call, cancelled);
    return true;
}

void open_calls::mark_for_rescan(open_call& call) noexcept {
    if (call.batch->needs_rescan.exchange(1) == 0) ++to_rescan_;
    look_for_end(call);
}

/// Whether all tasks of a call that needs rescans have an outcome.
void open_calls::look_for_end(open_call& call) noexcept {
    while (call.scanned < call.batch->count && call.batch->tasks[call.scanned].is_final())
        ++call.scanned;
    // Also if a worker has done so: it may have died before it woke anybody.
    if (call.scanned == call.batch->count) tell_end(pool_, *call.batch);
}

void open_calls::rescan() noexcept {
    if (to_rescan_ == 0) return;
    for (auto& [batch, each] : calls_) {
        if (batch->needs_rescan.load(std::memory_order_relaxed)) look_for_end(each);
    }
}

std::optional<std::chrono::nanoseconds> open_calls::least_limit() const noexcept {
    if (limited_ == 0) return std::nullopt;
    return least_limit_;
}

}  // namespace quartet::inline v0::detail
