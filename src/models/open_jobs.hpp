// src/models/open_jobs.hpp
//
// The jobs of a model that have not finished. Its owner locks it, and a job leaves it before it finishes: so
// all jobs in it are alive as long as the lock is held.
#pragma once

#include <quartet/backend/job.hpp>

namespace quartet::inline v0::detail {

class open_jobs {
public:
    void add(job& work) noexcept {
        work.open = {.before = nullptr, .after = first_};
        if (first_) first_->open.before = &work;
        first_ = &work;
    }

    void remove(job& work) noexcept {
        auto const [before, after] = work.open;
        (before ? before->open.after : first_) = after;
        if (after) after->open.before = before;
    }

    void for_each(auto&& use) const {
        for (job* each = first_; each; each = each->open.after)
            use(*each);
    }

private:
    job* first_ = nullptr;
};

}  // namespace quartet::inline v0::detail
