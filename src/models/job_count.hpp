// src/models/job_count.hpp
//
// How many jobs of a model have not finished, and the end of their tasks. Any thread.
#pragma once

#include "src/core/futex.hpp"
#include "src/models/job_queue.hpp"

#include <quartet/job.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace quartet::detail {

class job_count {
public:
    void add() noexcept { word_.fetch_add(one, std::memory_order_relaxed); }

    /// Whoever waits for the last one may destroy this object before remove() has returned.
    void remove() noexcept {
        if (word_.fetch_sub(one) == one + waited_for) futex_wake_all(word_);
    }

    /// `tasks` more of `work` have an outcome. True if they were the last; then the job may be gone.
    bool note_end(job& work, std::size_t tasks) noexcept {
        if (!work.ended(tasks)) return false;
        remove();
        return true;
    }

    /// Cancels tasks that nobody has begun, if there are any.
    void cancel(claim const& unbegun) noexcept {
        if (!unbegun) return;
        unbegun.work->cancel(unbegun.first, unbegun.last);
        note_end(*unbegun.work, unbegun.size());
    }

    void wait_for_none() noexcept {
        std::uint32_t seen = word_.fetch_or(waited_for) | waited_for;
        for (; seen >= one; seen = word_.load())
            futex_wait(word_, seen);
        word_.fetch_and(~waited_for);
    }

private:
    static constexpr std::uint32_t waited_for = 1;
    static constexpr std::uint32_t one = 2;

    std::atomic<std::uint32_t> word_{0};
};

}  // namespace quartet::detail
