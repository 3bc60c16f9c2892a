// src/models/cluster/node_queue.hpp
//
// What the root has given to one node for one pool: a queue whose tasks the node begins in order, as far as
// they are granted. So the root knows what may have begun without being told: when a node is lost, what was
// not granted runs elsewhere, and when others stand idle, it is taken back without asking. What was granted
// ahead for tasks that turn out long is asked for, and stays the node's until it has given it back.
//
// Places count the tasks of the queue from the first ever. For one thread.
#pragma once

#include "src/models/cluster/node_meter.hpp"
#include "src/models/cluster/rate_meter.hpp"
#include "src/models/cluster/root_call.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace quartet::inline v0::detail {

class node_queue {
public:
    using time_point = std::chrono::steady_clock::time_point;

    node_queue(std::uint16_t node, std::size_t workers) noexcept : node_(node), workers_(workers) {}

    std::size_t workers() const noexcept { return workers_; }

    node_traffic traffic{};

    /// Tasks that the node has and that have not ended there.
    std::size_t in_hand() const noexcept { return static_cast<std::size_t>(sent_ - ended_); }

    /// Tasks that it may not begin yet.
    std::size_t not_granted() const noexcept { return static_cast<std::size_t>(sent_ - granted_); }

    /// How many may be under way: a chunk for each worker, of one task unless its call says otherwise, and
    /// what ends while word of that is on its way and in a millisecond more. `coming` is the chunk of tasks
    /// that are about to be added.
    std::size_t allowance(std::chrono::nanoseconds round_trip, std::size_t coming = 1) const noexcept {
        return workers_ * std::max(coming, chunk()) + rate_.within(time_ahead(round_trip));
    }
    static std::chrono::nanoseconds time_ahead(std::chrono::nanoseconds round_trip) noexcept {
        return round_trip + std::chrono::milliseconds(1);
    }

    /// The largest of what it has. It does not fall by what is added: nodes would take tasks from each other
    /// for ever.
    std::size_t chunk() const noexcept { return chunks_.empty() ? 1 : *chunks_.rbegin(); }

    /// Adds tasks of a call, in a row.
    void push(std::shared_ptr<root_call> const& call, task_range tasks) {
        if (tasks.empty()) return;
        rate_.expect(call->body());
        if (!ranges_.empty() && ranges_.back().ends_before(call, tasks.first, sent_))
            ranges_.back().tasks.last = tasks.last;
        else
            add_range({call, tasks, sent_});
        sent_ += tasks.size();
    }

    /// Tasks of a body have ended on the node.
    void note_ended(time_point now, std::size_t tasks, std::size_t body) noexcept {
        recalls_ = 0;
        ended_ += tasks;
        rate_.note(now, tasks, body);
        drop_ended();
    }

    /// What is pushed next finds the node idle.
    void note_begin(time_point now) noexcept {
        if (in_hand() == 0) rate_.note_begin(now);
    }

    /// Grants what `allowance` lets begin, in whole chunks. The new end of what is granted; nothing if it is
    /// as before.
    bool grant(time_point now, std::size_t allowance, std::uint64_t& place) {
        place = std::min(sent_, ended_ + allowance);
        if (place <= granted_) return false;
        granted_ = place = end_of_chunk_at(place);
        grants_.push_back({place, now});
        return true;
    }

    /// Takes back the last `tasks` of those that are not granted, and the rest of their chunk: calls
    /// back(call, task) for those that have not ended, as those of a stopped call may have. The place at
    /// which the queue ends then.
    std::uint64_t take_back(std::size_t tasks, auto&& back) {
        while (tasks > 0 && !ranges_.empty()) {
            range& last = ranges_.back();
            std::size_t const wanted = std::min(tasks, last.tasks.size());
            std::size_t const end =
                std::max(last.tasks.first, begin_of_chunk(last.tasks.last - wanted, last.call->chunk()));
            std::size_t const size = last.tasks.last - end;
            for (std::size_t left = size; left > 0; --left) {
                std::size_t const task = --last.tasks.last;
                --sent_;
                if (last.call->tasks().has(node_, task))
                    back(*last.call, task);
                else
                    --ended_;
            }
            tasks -= wanted;
            if (last.tasks.empty()) {
                forget_chunk(last);
                ranges_.pop_back();
            }
        }
        return sent_;
    }

    /// When the node is to be asked for what it may begin beyond a task for each worker, if that should take
    /// no longer than this; nothing if it may begin no more, or its tasks come in chunks.
    std::optional<time_point> recall_at(std::chrono::nanoseconds time) const noexcept {
        if (ahead() == 0 || grants_.empty()) return {};
        return std::max(grants_.front().when, recalled_) + time * (1 << recalls_);
    }

    /// For so many it is asked now: half of those. As long as none comes back and nothing ends, it is asked
    /// again after twice as long each time, since it may have begun all.
    std::size_t recall(time_point now) noexcept {
        recalled_ = now;
        recalls_ = std::min(recalls_ + 1, most_recalls);
        return (ahead() + 1) / 2;
    }

    /// The node has given these tasks of a call back.
    void note_returned(root_call const& call, task_range tasks) {
        recalls_ = 0;
        std::deque<range> kept;
        for (range const& each : std::exchange(ranges_, {})) {
            std::size_t const first = std::clamp(tasks.first, each.tasks.first, each.tasks.last);
            std::size_t const last = std::clamp(tasks.last, each.tasks.first, each.tasks.last);
            if (each.call.get() != &call || first == last) {
                kept.push_back(each);
                continue;
            }
            ended_ += last - first;
            if (each.tasks.first < first) kept.push_back({each.call, {each.tasks.first, first}, each.place});
            if (last < each.tasks.last)
                kept.push_back({each.call, {last, each.tasks.last}, each.place + (last - each.tasks.first)});
        }
        ranges_ = std::move(kept);
        drop_ended();
    }
    void forget_rate() noexcept { rate_.forget(); }

    /// The node is gone: calls each(call, task, since when it may have begun, if at all) for what it has.
    void give_up(auto&& each) {
        chunks_.clear();
        for (auto const& here : std::exchange(ranges_, {})) {
            for (std::size_t task = here.tasks.first; task < here.tasks.last; ++task) {
                if (here.call->tasks().has(node_, task))
                    each(*here.call, task, granted_at(here.place + (task - here.tasks.first)));
            }
        }
        grants_.clear();
        ended_ = granted_ = sent_;
    }

private:
    struct range {
        std::shared_ptr<root_call> call;
        task_range tasks;
        std::uint64_t place;  // of its first task

        /// Whether this task of a call would stand behind it, at this place.
        bool ends_before(std::shared_ptr<root_call> const& of, std::size_t task,
                         std::uint64_t at) const noexcept {
            return call == of && tasks.last == task && place + tasks.size() == at;
        }
    };

    std::size_t ahead() const noexcept {
        auto const begun = static_cast<std::size_t>(granted_ - std::min(granted_, ended_));
        return chunk() > 1 ? 0 : begun - std::min(begun, workers_);
    }

    void add_range(range added) {
        if (added.call->chunk() > 1) chunks_.insert(added.call->chunk());
        ranges_.push_back(std::move(added));
    }
    void forget_chunk(range const& gone) noexcept {
        if (gone.call->chunk() > 1) chunks_.erase(chunks_.find(gone.call->chunk()));
    }

    std::optional<time_point> granted_at(std::uint64_t place) const noexcept {
        auto const by = std::ranges::upper_bound(grants_, place, {}, &grant_note::end);
        return by == grants_.end() ? std::nullopt : std::optional(by->when);
    }

    /// The place behind the chunk in which the one before this place lies.
    std::uint64_t end_of_chunk_at(std::uint64_t place) const noexcept {
        auto const behind =
            std::ranges::partition_point(ranges_, [place](range const& each) { return each.place < place; });
        if (behind == ranges_.begin()) return place;
        range const& here = *std::prev(behind);
        std::size_t const task = here.tasks.first + static_cast<std::size_t>(place - here.place);
        if (task >= here.tasks.last) return place;
        return place + (std::min(here.tasks.last, end_of_chunk(task, here.call->chunk())) - task);
    }

    /// Forgets ranges at the front whose tasks have ended. What has ended of the first is cut off, so that
    /// each task is looked at once.
    void drop_ended() noexcept {
        drop_ended_ranges();
        std::uint64_t const first = ranges_.empty() ? sent_ : ranges_.front().place;
        while (!grants_.empty() && grants_.front().end <= first)
            grants_.pop_front();
    }
    void drop_ended_ranges() noexcept {
        while (!ranges_.empty()) {
            range& first = ranges_.front();
            while (!first.tasks.empty() && !first.call->tasks().has(node_, first.tasks.first)) {
                ++first.tasks.first;
                ++first.place;
            }
            if (!first.tasks.empty()) return;
            forget_chunk(first);
            ranges_.pop_front();
        }
    }

    /// What ends at this place was granted then, if no grant before has it.
    struct grant_note {
        std::uint64_t end;
        time_point when;
    };

    static constexpr int most_recalls = 8;  // that make the next one later

    std::uint16_t node_;
    std::size_t workers_;
    std::deque<range> ranges_;
    std::multiset<std::size_t> chunks_;  // of those ranges whose calls have any
    std::deque<grant_note> grants_;      // of what has not ended
    time_point recalled_{};
    int recalls_ = 0;  // since something has ended or come back
    std::uint64_t sent_ = 0;
    std::uint64_t granted_ = 0;
    std::uint64_t ended_ = 0;
    rate_meter rate_;
};

}  // namespace quartet::inline v0::detail
