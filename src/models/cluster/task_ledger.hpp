// src/models/cluster/task_ledger.hpp
//
// Who has each task of a call: nobody yet, one of the nodes, or it has its outcome. Only the root writes
// here, so that a task has one outcome whatever nodes do: the first of the node that has the task counts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {

struct task_range {
    std::size_t first = 0;
    std::size_t last = 0;  ///< behind it

    std::size_t size() const noexcept { return last - first; }
    bool empty() const noexcept { return first == last; }
};

/// Chunks of a call are counted from its first task, so that all who cut it do so at the same places.
constexpr std::size_t end_of_chunk(std::size_t task, std::size_t chunk) noexcept {
    return (task + chunk - 1) / chunk * chunk;
}
constexpr std::size_t begin_of_chunk(std::size_t task, std::size_t chunk) noexcept {
    return task / chunk * chunk;
}

class task_ledger {
public:
    using node_number = std::uint16_t;

    explicit task_ledger(std::size_t tasks)
        : owners_(tasks, nobody), waiting_{{0, tasks}}, waiting_tasks_(tasks) {}

    /// Tasks that no node has.
    std::size_t waiting() const noexcept { return waiting_tasks_; }

    /// Gives tasks that wait to a node, in a row and `most` at the most; those that were given back first.
    /// What would end within a chunk goes on to the end of it.
    task_range take(node_number node, std::size_t most, std::size_t chunk = 1) {
        if (waiting_.empty()) return {};
        task_range& rest = waiting_.back();
        std::size_t const end = end_of_chunk(rest.first + std::min(most, rest.size()), chunk);
        task_range const taken{rest.first, std::min(end, rest.last)};
        rest.first = taken.last;
        if (rest.empty()) waiting_.pop_back();
        waiting_tasks_ -= taken.size();
        std::fill_n(owners_.begin() + static_cast<std::ptrdiff_t>(taken.first), taken.size(), owner(node));
        return taken;
    }

    bool has(node_number node, std::size_t task) const noexcept {
        return task < owners_.size() && owners_[task] == owner(node);
    }

    /// Tasks of a node wait again.
    void give_back(task_range tasks) {
        if (tasks.empty()) return;
        std::fill_n(owners_.begin() + static_cast<std::ptrdiff_t>(tasks.first), tasks.size(), nobody);
        waiting_tasks_ += tasks.size();
        if (!waiting_.empty() && waiting_.back().last == tasks.first)
            waiting_.back().last = tasks.last;
        else if (!waiting_.empty() && waiting_.back().first == tasks.last)
            waiting_.back().first = tasks.first;
        else
            waiting_.push_back(tasks);
    }

    /// The task of a node has its outcome.
    void end(std::size_t task) noexcept { owners_[task] = ended; }

    /// Ends all tasks that wait, and gives them.
    std::vector<task_range> end_waiting() {
        for (auto const& range : waiting_)
            std::fill_n(owners_.begin() + static_cast<std::ptrdiff_t>(range.first), range.size(), ended);
        waiting_tasks_ = 0;
        return std::exchange(waiting_, {});
    }

private:
    static constexpr std::uint16_t nobody = 0;
    static constexpr std::uint16_t ended = 0xffff;
    static std::uint16_t owner(node_number node) noexcept { return static_cast<std::uint16_t>(node + 1); }

    std::vector<std::uint16_t> owners_;
    std::vector<task_range> waiting_;
    std::size_t waiting_tasks_;
};

}  // namespace quartet::inline v0::detail
