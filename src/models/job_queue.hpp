// src/models/job_queue.hpp
//
// Jobs that have tasks which nobody has taken yet, first come, first served. Its owner locks it.
#pragma once

#include <quartet/backend/job.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace quartet::inline v0::detail {

/// Tasks that somebody has taken; empty without a job.
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

    /// What nobody has taken of any job.
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
