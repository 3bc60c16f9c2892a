// src/models/job_queue.hpp
//
// The jobs of a model that still have tasks which no worker has taken, first come, first served. The links
// lie in the jobs themselves, so that to queue one takes no memory. The model that owns the queue locks it.
#pragma once

#include <quartet/backend/job.hpp>

#include <algorithm>
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
    bool empty() const noexcept { return first_ == nullptr; }

    /// The first job, or null.
    job* front() const noexcept { return first_; }

    void push(job& work) noexcept {
        work.hook = {.before = last_, .queued = true};
        (last_ ? last_->hook.after : first_) = &work;
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
        while (first_)
            rests.push_back(take_rest(*first_));
        return rests;
    }

private:
    void remove(job& work) noexcept {
        auto& hook = work.hook;
        (hook.before ? hook.before->hook.after : first_) = hook.after;
        (hook.after ? hook.after->hook.before : last_) = hook.before;
        hook.queued = false;
    }

    job* first_ = nullptr;
    job* last_ = nullptr;
};

}  // namespace quartet::inline v0::detail
