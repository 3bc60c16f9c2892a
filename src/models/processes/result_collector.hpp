// src/models/processes/result_collector.hpp
//
// How the results of a call come home. Its tasks end in other processes, and the last of them sets an event
// in shared memory: who waits for the call waits for that, and collects the results. A call that is watched,
// since nobody waits or something is to go on when it has ended, is collected by the supervisor; then only
// the call's own event tells of its end.
//
// All members but is_finishing() are called without the lock of the host, which they take.
#pragma once

#include "src/models/processes/kept_batches.hpp"
#include "src/models/processes/log_channel.hpp"
#include "src/models/processes/open_calls.hpp"
#include "src/models/processes/stop_requests.hpp"
#include "src/models/processes/wake_channel.hpp"

#include <quartet/backend/job.hpp>
#include <quartet/detail/call/early_values.hpp>

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace quartet::inline v0::detail {

/// What the collector works with; the host's.
struct collector_parts {
    std::mutex& mutex;  ///< the host's, which guards `calls` and `batches`
    open_calls& calls;
    kept_batches& batches;
    stop_requests& stops;
    log_channel& logs;
    wake_channel const& supervisor;
    eventcount& batch_ended;
    std::string const& pool_name;
};

class result_collector {
public:
    explicit result_collector(collector_parts const& parts) noexcept : with_(parts) {}

    /// The call has ended: takes its outcomes, unless another thread does, and finishes it.
    void collect(job& work) noexcept;

    /// Gives `to` the values that the call has and `to` has not had.
    void give_early(job& work, early_values& to) noexcept;

    /// The supervisor collects the call. From now on nobody else may, so that its event in shared memory is
    /// nobody's to wait for.
    void watch(job& work) noexcept;

    /// Whether the supervisor is finishing calls. Under the lock of the host.
    bool is_finishing() const noexcept { return finishing_ > 0; }

    // ---- For the supervisor

    /// Collects those that are watched and have ended.
    void collect_watched();

    /// Collects all calls, which have ended, watched or not.
    void collect_all() noexcept;

private:
    /// A call whose outcomes are about to be taken.
    struct claimed_call {
        job* work;
        remote_batch* batch;
        task_ring::position offered_to;
    };
    /// A value that is copied out of shared memory.
    struct early_value {
        std::size_t index;
        std::vector<std::byte> bytes;
    };
    std::optional<claimed_call> claim(job& work) noexcept;
    void finish(claimed_call const& mine) noexcept;
    bool copy_early(job const& work, early_values& to, std::vector<early_value>& into, std::size_t& next);

    collector_parts const with_;
    std::vector<remote_batch*> watched_;  // that the supervisor collects; under the host's lock
    std::size_t finishing_ = 0;           // that it has claimed and not finished; likewise
};

}  // namespace quartet::inline v0::detail
