// src/models/job_queue.hpp
//
// The jobs of a model that still have tasks which no worker has taken, first come, first served. The links
// lie in the jobs themselves, so that to queue one takes no memory. The model that owns the queue locks it,
// for all but empty().
#pragma once

#include <quartet/backend/job.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <vector>

namespace quartet::inline v0::detail {

/// A range of a job's tasks that a worker has taken. Empty if `work` is null.
struct claim {
    job* work = nullptr;
    std::size_t first = 0;
    std::size_t last = 0;

    explicit operator bool() const noexcept { return work != nullptr; }
    std::size_t size() const noexcept { return last - first; }
};

class job_queue {
public:
    /// Without the lock for one who looks again, under it, before it waits for a job.
    bool empty() const noexcept { return front() == nullptr; }

    /// The first job, or null.
    job* front() const noexcept { return first_.load(std::memory_order_relaxed); }

    void push(job& work) noexcept {
        work.hook = {.before = last_, .queued = true};
        link_after(last_, &work);
        last_ = &work;
    }

    /// Up to `most` tasks of a job that is queued; the job leaves the queue with its last ones.
    claim take(job& work, std::size_t most) noexcept {
        auto& hook = work.hook;
        std::size_t const first = hook.next;
        hook.next = std::min(work.size(), first + std::min(most, work.size() - first));
        if (hook.next == work.size()) remove(work);
        return {&work, first, hook.next};
    }

    /// All tasks of `work` that nobody has taken; nothing if it is not queued.
    claim take_rest(job& work) noexcept {
        if (!work.hook.queued) return {};
        return take(work, work.size());
    }

    /// All tasks that nobody has taken, of all jobs.
    std::vector<claim> take_all() {
        std::vector<claim> rests;
        while (job* const each = front())
            rests.push_back(take_rest(*each));
        return rests;
    }

private:
    void remove(job& work) noexcept {
        auto& hook = work.hook;
        link_after(hook.before, hook.after);
        (hook.after ? hook.after->hook.before : last_) = hook.before;
        hook.queued = false;
    }

    void link_after(job* before, job* work) noexcept {
        if (before)
            before->hook.after = work;
        else
            first_.store(work, std::memory_order_relaxed);
    }

    std::atomic<job*> first_ = nullptr;
    job* last_ = nullptr;
};

}  // namespace quartet::inline v0::detail
