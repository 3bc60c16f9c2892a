// src/models/job_count.hpp
//
// How many jobs of a model have not finished, and the end of their tasks. Any thread.
#pragma once

#include "src/base/futex.hpp"
#include "src/models/job_queue.hpp"

#include <quartet/backend/job.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace quartet::inline v0::detail {

class job_count {
public:
    void add() noexcept { word_.fetch_add(one, std::memory_order_relaxed); }

    /// A thread that waits for the last one may destroy this object before remove() has returned.
    void remove() noexcept {
        if (word_.fetch_sub(one) == one + waited_for) futex_wake_all(word_);
    }

    /// `tasks` more of `work` have an outcome. True if they were the last; then the job may be gone.
    bool note_end(job& work, std::size_t tasks) noexcept {
        return note_end(work, tasks, [](job&) {});
    }

    /// The same; calls `before_end(job)` before a job finishes.
    bool note_end(job& work, std::size_t tasks, auto&& before_end) noexcept {
        if (!work.count_off(tasks)) return false;
        before_end(work);
        work.finish();
        remove();
        return true;
    }

    /// Cancels tasks that nobody has begun, if there are any.
    void cancel(claim const& unbegun) noexcept {
        if (!unbegun) return;
        unbegun.work->cancel(unbegun.first, unbegun.last);
        note_end(*unbegun.work, unbegun.size());
    }

    /// Waits until there is none. False if there is one at the deadline.
    bool wait_for_none(std::optional<steady_deadline> deadline = {}) noexcept {
        // Another waiting thread may have cleared the bit before a job was added.
        for (;;) {
            std::uint32_t const seen = word_.fetch_or(waited_for) | waited_for;
            if (seen < one) break;
            if (deadline && std::chrono::steady_clock::now() >= *deadline) return false;
            futex_wait(word_, seen, deadline);
        }
        std::uint32_t nobody = waited_for;
        word_.compare_exchange_strong(nobody, 0);
        return true;
    }

private:
    static constexpr std::uint32_t waited_for = 1;
    static constexpr std::uint32_t one = 2;

    std::atomic<std::uint32_t> word_{0};
};

}  // namespace quartet::inline v0::detail
