// src/models/processes/open_calls.hpp
//
// The calls of a process_host whose results have not been collected, and the outcomes that the parent gives
// to their tasks itself. The host locks them; a call leaves them before its results are taken.
#pragma once

#include "src/models/processes/worker_process.hpp"

#include <quartet/backend/job.hpp>
#include <quartet/detail/call/remote.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <unordered_map>

namespace quartet::inline v0::detail {

struct open_call {
    job* work;
    remote_batch* batch;
    task_ring::position offered_to = 0;  ///< the head of the ring when all its offers are taken
    std::size_t scanned = 0;             ///< tasks that are known to have an outcome, when it needs rescans
    std::optional<std::chrono::steady_clock::time_point> stopped{};

    /// Whether nothing is going to happen to it unless somebody waits for it.
    bool is_over() const noexcept { return batch->end.is_set() && batch->watched.load() == 0; }
};

class open_calls {
public:
    explicit open_calls(pool_state& pool) noexcept : pool_(pool) {}

    /// It stays where it is. Throws std::bad_alloc.
    open_call& add(job& work, remote_batch& batch);
    void remove(open_call const& call) noexcept;

    /// Null if it is not, or no longer, there.
    open_call* find(remote_batch* batch) noexcept;

    bool empty() const noexcept { return calls_.empty(); }

    /// Over pairs of a batch and its call.
    auto begin() noexcept { return calls_.begin(); }
    auto end() noexcept { return calls_.end(); }

    // ---- Outcomes

    /// So many tasks more have an outcome.
    void count_off(open_call& call, std::size_t tasks) noexcept;

    /// Fails the tasks that no worker has begun, in every call, with `why`; its index is set for each.
    void fail_waiting(failure const& why) noexcept;

    /// As takes_back::take_back.
    std::size_t take_back(open_call& call, std::size_t most, std::function<void(std::size_t)> const& each);

    /// If the call was asked to stop, and this was not known: begins its grace time, cancels what has not
    /// begun, and returns true.
    bool follow_stop(open_call& call) noexcept;

    /// After a worker's death: tasks that it has ended may not be counted.
    void mark_for_rescan(open_call& call) noexcept;

    /// Finds the ends of calls that need it.
    void rescan() noexcept;

    // ---- What there is to look after

    /// The least time limit of a task; nothing if no call has one.
    std::optional<std::chrono::nanoseconds> least_limit() const noexcept;

    /// Whether there are calls that one failure stops, which a worker does.
    bool are_easily_stopped() const noexcept { return easily_stopped_ > 0; }

    /// Whether there are calls that were asked to stop.
    bool are_stopped() const noexcept { return stopped_ > 0; }

private:
    void look_for_end(open_call& call) noexcept;

    pool_state& pool_;
    std::unordered_map<remote_batch*, open_call> calls_;
    std::size_t limited_ = 0;  // calls with a limit for each task
    std::chrono::nanoseconds least_limit_ = std::chrono::nanoseconds::max();  // of them
    std::size_t easily_stopped_ = 0;                                          // calls that a failure stops
    std::size_t stopped_ = 0;                                                 // calls that were asked to stop
    std::size_t to_rescan_ = 0;  // calls whose end the parent must find
};

}  // namespace quartet::inline v0::detail
