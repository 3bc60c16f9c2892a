// src/models/cluster/node_queue.hpp
//
// What the root has given to one node for one pool: a queue whose tasks the node begins in order, as far as
// they are granted. So the root knows what may have begun without being told: when a node is lost, what was
// not granted runs elsewhere, and when others stand idle, it is taken back without asking.
//
// Places count the tasks of the queue from the first ever. For one thread.
#pragma once

#include "src/models/cluster/rate_meter.hpp"
#include "src/models/cluster/root_call.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

namespace quartet::inline v0::detail {

class node_queue {
public:
    using time_point = std::chrono::steady_clock::time_point;

    node_queue(std::uint16_t node, std::size_t workers) noexcept : node_(node), workers_(workers) {}

    std::size_t workers() const noexcept { return workers_; }

    /// Tasks that the node has and that have not ended there.
    std::size_t in_hand() const noexcept { return static_cast<std::size_t>(sent_ - ended_); }

    /// Tasks that it may not begin yet.
    std::size_t not_granted() const noexcept { return static_cast<std::size_t>(sent_ - granted_); }

    /// How many may be under way: one for each worker, and what ends while word of that is on its way and in
    /// a millisecond more.
    std::size_t allowance(std::chrono::nanoseconds round_trip) const noexcept {
        return workers_ + rate_.within(round_trip + std::chrono::milliseconds(1));
    }

    /// Adds tasks of a call, in a row.
    void push(std::shared_ptr<root_call> const& call, task_range tasks) {
        if (tasks.empty()) return;
        if (!ranges_.empty() && ranges_.back().call == call && ranges_.back().tasks.last == tasks.first)
            ranges_.back().tasks.last = tasks.last;
        else
            ranges_.push_back({call, tasks, sent_});
        sent_ += tasks.size();
    }

    /// Tasks have ended on the node.
    void note_ended(time_point now, std::size_t tasks) noexcept {
        ended_ += tasks;
        rate_.note(now, tasks, false);
        drop_ended();
    }

    /// What is pushed next finds the node idle.
    void note_begin(time_point now) noexcept {
        if (in_hand() == 0) rate_.note(now, 0, true);
    }

    /// Grants what `allowance` lets begin. The new end of what is granted; nothing if it is as before.
    bool grant(std::size_t allowance, std::uint64_t& place) noexcept {
        place = std::min(sent_, ended_ + allowance);
        if (place <= granted_) return false;
        granted_ = place;
        return true;
    }

    /// Takes back the last `tasks` of those that are not granted: calls back(call, task) for those that have
    /// not ended, as those of a stopped call may have. The place at which the queue ends then.
    std::uint64_t take_back(std::size_t tasks, auto&& back) {
        while (tasks > 0 && !ranges_.empty()) {
            range& last = ranges_.back();
            std::size_t const size = std::min(tasks, last.tasks.size());
            for (std::size_t left = size; left > 0; --left) {
                std::size_t const task = --last.tasks.last;
                --sent_;
                if (last.call->tasks().has(node_, task))
                    back(*last.call, task);
                else
                    --ended_;
            }
            tasks -= size;
            if (last.tasks.empty()) ranges_.pop_back();
        }
        return sent_;
    }

    /// The node is gone: calls each(call, task, whether it may have begun) for what it has.
    void give_up(auto&& each) {
        for (auto const& here : std::exchange(ranges_, {})) {
            for (std::size_t task = here.tasks.first; task < here.tasks.last; ++task) {
                bool const begun = here.place + (task - here.tasks.first) < granted_;
                if (here.call->tasks().has(node_, task)) each(*here.call, task, begun);
            }
        }
        ended_ = granted_ = sent_;
    }

private:
    struct range {
        std::shared_ptr<root_call> call;
        task_range tasks;
        std::uint64_t place;  // of its first task
    };

    /// Forgets ranges at the front whose tasks have ended. What has ended of the first is cut off, so that
    /// each task is looked at once.
    void drop_ended() noexcept {
        while (!ranges_.empty()) {
            range& first = ranges_.front();
            while (!first.tasks.empty() && !first.call->tasks().has(node_, first.tasks.first)) {
                ++first.tasks.first;
                ++first.place;
            }
            if (!first.tasks.empty()) return;
            ranges_.pop_front();
        }
    }

    std::uint16_t node_;
    std::size_t workers_;
    std::deque<range> ranges_;
    std::uint64_t sent_ = 0;
    std::uint64_t granted_ = 0;
    std::uint64_t ended_ = 0;
    rate_meter rate_;
};

}  // namespace quartet::inline v0::detail
