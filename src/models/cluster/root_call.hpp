// src/models/cluster/root_call.hpp
//
// A call of the root: its job, its code as nodes are told of it, and who has its tasks. For one thread.
#pragma once

#include "src/models/cluster/clock_estimate.hpp"
#include "src/models/cluster/messages.hpp"
#include "src/models/cluster/packet.hpp"
#include "src/models/cluster/task_ledger.hpp"

#include <quartet/backend/job.hpp>
#include <quartet/detail/shm/broadcast_memory.hpp>
#include <quartet/task_recorder.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>

namespace quartet::inline v0::detail {

class root_call {
public:
    /// `about` names the job's code as each node finds it. `records` may be null.
    root_call(job& work, call_message about, task_recorder* records,
              std::chrono::steady_clock::time_point now);

    std::uint32_t number() const noexcept { return about_.call; }
    std::uint32_t pool() const noexcept { return about_.pool; }
    call_message const& about() const noexcept { return about_; }
    std::size_t body() const noexcept { return body_; }
    job& work() const noexcept { return work_; }

    /// Tasks that a worker takes at a time: what begins and what is taken back is whole chunks.
    std::size_t chunk() const noexcept {
        return std::max<std::size_t>(1, static_cast<std::size_t>(about_.chunk_size));
    }
    task_ledger& tasks() noexcept { return tasks_; }

    enum class written_input {
        added,
        failed,  ///< it can't be encoded: so has the task
        waits,   ///< for what it names
    };
    /// Adds the input of a task that a node has, if its bytes are `ready` to be sent there.
    written_input write_input(std::size_t task, message_writer& to,
                              std::function<bool(std::span<std::byte const>)> const& ready);

    // ---- Outcomes of tasks that `node` had; those that it has no more are dropped. Each gives how many
    // ---- it has ended.

    std::size_t take_results(std::uint16_t node, outcomes_head const& head, byte_reader& from);
    bool fail(std::uint16_t node, std::size_t task, failure why);

    /// Hands on what the node's tasks have left, with times as by our clock.
    void take_records(std::uint16_t node, outcomes_head const& head, byte_reader& from,
                      std::string const& name, clock_estimate clock,
                      std::chrono::steady_clock::time_point now);

    /// The node is lost, and with it this task, which may have begun then.
    void note_loss(std::uint16_t node, std::size_t task, std::string const& name,
                   std::chrono::steady_clock::time_point since, std::chrono::steady_clock::time_point now);

    /// Cancels what no node has.
    void cancel_waiting();

    /// Fails it, with the same reason.
    void fail_waiting(failure const& why);

    /// Tells the job of what has ended since. True if that was all of it; then the job may go.
    bool count_off();

    std::set<std::uint16_t> known_to{};  ///< nodes that have its code
    broadcast_list values;               ///< that its body has views of, until it has ended
    bool has_large_inputs = false;       ///< a few of them make a message

private:
    job& work_;
    call_message about_;
    std::size_t body_;
    task_recorder* records_;
    std::chrono::steady_clock::time_point began_;
    task_ledger tasks_;
    std::size_t uncounted_ = 0;  // outcomes that the job was not told of
};

}  // namespace quartet::inline v0::detail
